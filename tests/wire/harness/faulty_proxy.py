"""A proxy in front of an upstream that does harm: cuts, stalls, changes bytes, answers itself."""

import asyncio
import contextlib
import threading
from collections import Counter
from dataclasses import dataclass, field

from tests.wire.harness.in_process import LoopThread


@dataclass
class Harm:
    """What the proxy does to the answers for some paths.

    Attributes:
        path: is in the path of the requests that are harmed.
        cut_at: the connection is closed after so many bytes of the body; None for never.
        stall_at: nothing comes after so many bytes of the body, until `go`; None for never.
        flip_at: this byte of the body is another one; None for none.
        answer: is sent instead of the upstream's; empty for none.
        times: answers that are harmed; later ones are not.
    """

    path: str = "/blobs/"
    cut_at: int | None = None
    stall_at: int | None = None
    flip_at: int | None = None
    answer: bytes = b""
    times: int = 1_000_000


@dataclass
class Seen:
    """What has passed through the proxy.

    Attributes:
        requests: how often each method and path was asked for.
        body_bytes: of all answers to requests for blobs.
        ranges: what requests for blobs had as Range.
    """

    requests: Counter[str] = field(default_factory=Counter)
    body_bytes: int = 0
    ranges: list[str] = field(default_factory=list)

    def count(self, part: str, method: str = "GET") -> int:
        """How many requests had this in their path."""
        return sum(
            n for line, n in self.requests.items() if line.startswith(method) and part in line
        )


class FaultyProxy:
    """Listens on the loopback; every connection carries one request.

    Args:
        loop: where it runs.
        upstream: the port that it passes requests to.
    """

    def __init__(self, loop: LoopThread, upstream: int) -> None:
        self._loop = loop
        self._upstream = upstream
        self.harm: Harm | None = None
        self.seen = Seen()
        self.stalled = threading.Event()
        self._go: asyncio.Event
        self.port: int = loop.run(self._start())

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    def go_on(self) -> None:
        """Let stalled answers go on."""
        self._loop.run(self._set())

    def close(self) -> None:
        """Stop listening."""
        self._loop.run(self._stop())

    async def _start(self) -> int:
        self._go = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _stop(self) -> None:
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _set(self) -> None:
        self._go.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Pass one request on, and its answer back; False when the connection is over."""
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        method, path, _ = line.decode().split(" ", 2)
        self.seen.requests[f"{method} {path}"] += 1
        fields = _fields(rest)
        if "/blobs/" in path and method == "GET":
            self.seen.ranges.append(fields.get("range", ""))
        harm = self._harm_for(path)
        if harm is not None and harm.answer:
            writer.write(harm.answer)
            await writer.drain()
            return False
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            up_writer.write(head)
            await up_writer.drain()
            answer = await up_reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            length = int(_fields(answer.partition(b"\r\n")[2]).get("content-length", "0"))
            if method == "HEAD" or answer.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")):
                length = 0
            whole = await self._body(up_reader, writer, length, harm, "/blobs/" in path)
            await writer.drain()
            return whole
        finally:
            up_writer.close()

    async def _body(
        self,
        source: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        length: int,
        harm: Harm | None,
        counted: bool,
    ) -> bool:
        at = 0
        while at < length:
            piece = await source.read(min(65_536, length - at))
            if not piece:
                return False
            end = at + len(piece)
            if harm is not None and harm.flip_at is not None and at <= harm.flip_at < end:
                place = harm.flip_at - at
                piece = piece[:place] + bytes([piece[place] ^ 1]) + piece[place + 1 :]
            cut = _within(None if harm is None else harm.cut_at, at, end)
            stall = _within(None if harm is None else harm.stall_at, at, end)
            first = piece if cut is None and stall is None else piece[: (cut or stall or at) - at]
            writer.write(first)
            await writer.drain()
            self.seen.body_bytes += len(first) if counted else 0
            if cut is not None:
                return False
            if stall is not None:
                self.stalled.set()
                await self._go.wait()
                writer.write(piece[len(first) :])
                self.seen.body_bytes += len(piece) - len(first) if counted else 0
            at = end
        return True

    def _harm_for(self, path: str) -> Harm | None:
        harm = self.harm
        if harm is None or harm.path not in path or harm.times <= 0:
            return None
        harm.times -= 1
        return harm


def _within(place: int | None, start: int, stop: int) -> int | None:
    return place if place is not None and start <= place < stop else None


def _fields(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")
    parts: list[tuple[str, str, str]] = [line.partition(":") for line in lines if ":" in line]
    return {name.lower(): value.strip() for name, _, value in parts}
