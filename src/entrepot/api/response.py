"""A response, and how it is sent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from entrepot.api.request import Receive, Send
from entrepot.errors import ClientGone

Header = tuple[bytes, bytes]

_PIECE_BYTES = 16 * 1024


class Stream(Protocol):
    """A long body, which is always closed."""

    def pieces(self) -> AsyncIterator[bytes]:
        """Give the bytes."""
        ...

    def close(self) -> None:
        """Release their source."""
        ...


class Response:
    """A response.

    Args:
        status: the status code.
        headers: lower-case names and values, without Content-Length.
        body: the bytes, or their source.
        length: bytes of the body; needed for a stream.
    """

    __slots__ = ("body", "headers", "length", "status")

    def __init__(
        self,
        status: int,
        headers: list[Header],
        body: bytes | Stream = b"",
        length: int | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        if length is None:
            length = len(body) if isinstance(body, bytes) else 0
        self.length = length


class LargeBody:
    """Bytes that are sent in pieces: a reader that stalls holds only a few of them.

    Args:
        content: the bytes.
        when_sent: called once they are sent, or never will be.
    """

    __slots__ = ("__weakref__", "_content", "_when_sent")

    def __init__(self, content: bytes, when_sent: Callable[[], None] | None = None) -> None:
        self._content = content
        self._when_sent = when_sent

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the bytes."""
        for start in range(0, len(self._content), _PIECE_BYTES):
            yield self._content[start : start + _PIECE_BYTES]

    def close(self) -> None:
        """Report that they are no longer needed."""
        if self._when_sent is not None:
            self._when_sent()


async def send_stream(receive: Receive, send: Send, stream: Stream) -> int:
    """Send a long body; stop as soon as its reader is gone.

    The server does not report that when it is given bytes (they vanish), so the connection is
    watched at the same time.

    Returns:
        Bytes sent.

    Raises:
        ClientGone: the reader went away; `detail` has the bytes sent.
    """
    sent = 0
    gone = asyncio.ensure_future(_wait_until_gone(receive))
    pieces = stream.pieces()
    try:
        async for piece in pieces:
            if gone.done():
                raise ClientGone("the reader went away", {"sent": sent})
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            sent += len(piece)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()
        await pieces.aclose()  # type: ignore[attr-defined]  # every stream here is a generator
    return sent


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
