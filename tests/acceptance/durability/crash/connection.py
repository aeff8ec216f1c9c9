"""HTTP/1.1 on a bare connection that may break at any byte."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.acceptance.harness.wire import Answer


class ConnectionBroken(Exception):
    """The server was gone before its answer was whole: what it has done is not known."""


class Connection:
    """One connection, kept over several requests. An asynchronous context manager."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        pieces: int = 0,
    ) -> Answer:
        """Send a request and read its answer.

        Args:
            method: the verb.
            target: a path, or a Location.
            body: its bytes.
            headers: beside Host and the length.
            pieces: send the body in so many chunks, without a length.

        Raises:
            ConnectionBroken: the server went away.
        """
        path = target.removeprefix(f"http://127.0.0.1:{self._port}")
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines.append(f"Content-Length: {len(body)}" if not pieces else "Transfer-Encoding: chunked")
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        try:
            reader, writer = await self._open()
            writer.write(head)
            for piece in _framed(body, pieces) if pieces else [body]:
                writer.write(piece)
                await writer.drain()
            return await _read(reader, has_body=method != "HEAD")
        except (OSError, asyncio.IncompleteReadError) as error:
            await self.close()
            raise ConnectionBroken from error

    async def close(self) -> None:
        """Close it; the next request opens it again."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                return  # it was broken already

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self._reader, self._writer


def _framed(body: bytes, pieces: int) -> list[bytes]:
    size = max(1, -(-len(body) // pieces))
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return [b"%x\r\n%b\r\n" % (len(part), part) for part in parts] + [b"0\r\n\r\n"]


async def _read(reader: asyncio.StreamReader, *, has_body: bool) -> Answer:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0")) if has_body else 0
    return Answer(int(first.split(" ")[1]), headers, await reader.readexactly(length))
