"""An answer of another registry whose body has not been read yet: bounded in bytes and time."""

import asyncio
from collections.abc import AsyncGenerator

import aiohttp
from yarl import URL

from entrepot.drivers.remote.failures import translated
from entrepot.errors import UpstreamFault, UpstreamOutage

PIECE_BYTES = 1024 * 1024

# A small body has this many times the patience of one read.
_BODY_PATIENCE = 4
# A body that comes slower than this is as good as one that does not come.
_LEAST_BYTES = 64 * 1024
_LEAST_SECONDS = 60.0


class Reply:
    """An answer whose body has not been read yet.

    Args:
        response: of aiohttp.
        is_home: it comes from the scheme, host and port that were asked first.
        timeout: seconds without a byte.
    """

    def __init__(self, response: aiohttp.ClientResponse, is_home: bool, timeout: float) -> None:
        self._response = response
        self._timeout = timeout
        self.status = response.status
        self.headers = response.headers
        self.url = response.url
        self.host = host_of(response.url)
        self.is_home = is_home

    def lines(self, name: str) -> list[str]:
        """Give each line of a header."""
        return self.headers.getall(name, [])

    def refuse_encoding(self) -> None:
        """Refuse an answer that is compressed though nobody asked for that."""
        encoding = self.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            raise UpstreamFault(
                f"{self.host} sends {encoding[:40]!r} as its content encoding; none was asked for"
            )

    async def beginning(self, limit: int) -> bytes:
        """Read at most `limit` bytes of a body, such as an error's, and nothing where it breaks."""
        try:
            body = await self._read(limit, self._timeout)
        except UpstreamOutage:
            return b""
        return body[:limit]

    async def body(self, limit: int) -> bytes:
        """Read the whole body.

        Raises:
            UpstreamFault: it has more than `limit` bytes.
            UpstreamOutage: it broke, or came too slowly.
        """
        body = await self._read(limit, _BODY_PATIENCE * self._timeout)
        if len(body) > limit:
            raise UpstreamFault(f"{self.host} sends more than the {limit} bytes that are allowed")
        return body

    async def _read(self, limit: int, patience: float) -> bytes:
        pieces: list[bytes] = []
        left = limit + 1
        with translated(self.host):
            async with asyncio.timeout(patience):
                while left > 0 and (piece := await self._response.content.read(left)):
                    pieces.append(piece)
                    left -= len(piece)
        return b"".join(pieces)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Give the body as it comes, in pieces of at most PIECE_BYTES.

        Raises:
            UpstreamOutage: it broke, or came too slowly.
        """
        loop = asyncio.get_running_loop()
        waited, came = 0.0, 0
        while True:
            begun = loop.time()
            with translated(self.host):
                piece = await self._response.content.read(PIECE_BYTES)
            if not piece:
                return
            # Only the time in which we waited for them counts, not that of whoever takes them.
            waited += loop.time() - begun
            came += len(piece)
            if waited >= max(_LEAST_SECONDS, self._timeout):
                if came < _LEAST_BYTES:
                    raise UpstreamOutage(
                        f"{self.host} sends too slowly: {came} bytes in {waited:.0f} s"
                    )
                waited, came = 0.0, 0
            yield piece


def host_of(url: URL) -> str:
    """Give host and port for messages: never a path, a query or a user."""
    host = url.host or "?"
    return host if url.is_default_port() else f"{host}:{url.port}"
