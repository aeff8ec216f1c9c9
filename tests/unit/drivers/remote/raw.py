"""A server that answers with bytes, right or wrong, and counts who asks."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter, "Heard"], Awaitable[None]]


@dataclass
class Heard:
    """What a server was asked.

    Attributes:
        url: of the server.
        requests: the heads of all requests, in turn.
    """

    url: str = ""
    requests: list[str] = field(default_factory=list)

    def header(self, place: int, name: str) -> str:
        """Give a header of a request; empty for none."""
        for line in self.requests[place].split("\r\n")[1:]:
            if line.lower().startswith(f"{name.lower()}:"):
                return line.partition(":")[2].strip()
        return ""


def answer(
    status: int = 200, body: bytes = b"", length: int | None = None, **headers: str
) -> bytes:
    """Write an answer; its Content-Length may be a lie."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def saying(*answers: bytes | Callable[[Heard], bytes], then_close: bool = False) -> Act:
    """Answer each request with the next of these, and with the last one from then on."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            heard.requests.append(head.decode("latin-1"))
            await reader.readexactly(int(heard.header(-1, "Content-Length") or 0))
            given = answers[min(len(heard.requests), len(answers)) - 1]
            writer.write(given(heard) if callable(given) else given)
            await writer.drain()
            if then_close:
                return

    return act


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard) -> None:
    """Take a request, and say nothing until the client goes away."""
    heard.requests.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
    await reader.read()


@asynccontextmanager
async def serving(act: Act, context: ssl.SSLContext | None = None) -> AsyncIterator[Heard]:
    """Run a server on a port of the loopback."""
    heard = Heard()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            await act(reader, writer, heard)
        writer.close()
        with suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    heard.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    async with server:
        yield heard
