"""A bare ASGI application with one route for each way to send or take a big body.

GET /WAY/CHUNK sends the file named by $BENCH_FILE; PUT /receive/N and /hash/N take a body
with N calls of receive() waiting at once; GET /tiny answers a few bytes. Started by
`python -m bench.sending_app PORT KNOBS-AS-JSON`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import mmap
import os
import sys
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Buffer = bytes | bytearray | memoryview

FILE = os.environ.get("BENCH_FILE", "/dev/null")
TINY = b'{"tiny": true}'


async def pread(descriptor: int, size: int, chunk: int) -> AsyncIterator[Buffer]:
    """Read on the event loop, a new bytes object each time."""
    for offset in range(0, size, chunk):
        yield os.pread(descriptor, chunk, offset)


async def pread_in_thread(descriptor: int, size: int, chunk: int) -> AsyncIterator[Buffer]:
    """Read in the default thread pool, one chunk at a time."""
    loop = asyncio.get_running_loop()
    for offset in range(0, size, chunk):
        yield await loop.run_in_executor(None, os.pread, descriptor, chunk, offset)


async def pread_ahead(descriptor: int, size: int, chunk: int) -> AsyncIterator[Buffer]:
    """Read the next chunk in a thread while the last one is being sent."""
    loop = asyncio.get_running_loop()
    ahead = loop.run_in_executor(None, os.pread, descriptor, chunk, 0)
    for offset in range(chunk, size + chunk, chunk):
        data = await ahead
        ahead = loop.run_in_executor(None, os.pread, descriptor, chunk, offset)
        yield data
    await ahead


async def nowait(descriptor: int, size: int, chunk: int) -> AsyncIterator[Buffer]:
    """Read what the page cache has on the event loop, the rest in a thread."""
    loop = asyncio.get_running_loop()
    offset = 0
    while offset < size:
        buffer = bytearray(min(chunk, size - offset))
        try:
            count = os.preadv(descriptor, [buffer], offset, os.RWF_NOWAIT)
        except BlockingIOError:
            count = await loop.run_in_executor(None, os.preadv, descriptor, [buffer], offset)
        yield bytes(buffer) if count == len(buffer) else bytes(memoryview(buffer)[:count])
        offset += count


async def nowait_probe(descriptor: int, size: int, chunk: int) -> AsyncIterator[Buffer]:
    """Ask for one byte of a chunk's end without waiting; pread inline if it is there."""
    loop = asyncio.get_running_loop()
    probe = [bytearray(1)]
    for offset in range(0, size, chunk):
        try:
            os.preadv(descriptor, probe, min(offset + chunk, size) - 1, os.RWF_NOWAIT)
        except BlockingIOError:
            yield await loop.run_in_executor(None, os.pread, descriptor, chunk, offset)
        else:
            yield os.pread(descriptor, chunk, offset)


async def reused_bytearray(descriptor: int, size: int, chunk: int) -> AsyncIterator[Buffer]:
    """Read into one buffer and hand out that buffer itself."""
    buffer = bytearray(chunk)
    for offset in range(0, size, chunk):
        count = os.preadv(descriptor, [buffer], offset)
        yield buffer if count == chunk else buffer[:count]


async def mmap_slices(descriptor: int, size: int, chunk: int) -> AsyncIterator[Buffer]:
    """Map the file and copy slices out of the map."""
    with mmap.mmap(descriptor, size, prot=mmap.PROT_READ) as mapped:
        for offset in range(0, size, chunk):
            yield mapped[offset : offset + chunk]


async def mmap_views(descriptor: int, size: int, chunk: int) -> AsyncIterator[Buffer]:
    """Map the file and hand out views of the map: no copy on our side."""
    with mmap.mmap(descriptor, size, prot=mmap.PROT_READ) as mapped:
        view = memoryview(mapped)
        try:
            for offset in range(0, size, chunk):
                yield view[offset : offset + chunk]
        finally:
            view.release()


WAYS: dict[str, Callable[[int, int, int], AsyncIterator[Buffer]]] = {
    "pread": pread,
    "pread_in_thread": pread_in_thread,
    "pread_ahead": pread_ahead,
    "nowait": nowait,
    "nowait_probe": nowait_probe,
    "reused_bytearray": reused_bytearray,
    "mmap_slices": mmap_slices,
    "mmap_views": mmap_views,
}


async def start(send: Send, length: int) -> None:
    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def answer(send: Send, body: bytes) -> None:
    await start(send, len(body))
    await send({"type": "http.response.body", "body": body})


async def send_file(send: Send, way: str, chunk: int) -> None:
    descriptor = os.open(FILE, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        await start(send, size)
        if way == "pathsend":
            await send({"type": "http.response.pathsend", "path": FILE})
            return
        async for data in WAYS[way](descriptor, size, chunk):
            await send({"type": "http.response.body", "body": data, "more_body": True})
    finally:
        os.close(descriptor)
    await send({"type": "http.response.body", "body": b""})


async def body_pieces(receive: Receive, in_flight: int) -> AsyncIterator[bytes]:
    """Take a body with so many calls of receive() waiting at once, in the order of the calls."""
    waiting = deque(receive() for _ in range(in_flight))
    while True:
        message = await waiting.popleft()
        yield message["body"]
        if not message["more_body"]:
            break
        waiting.append(receive())
    for unneeded in waiting:
        unneeded.cancel()  # type: ignore[attr-defined]  # Granian gives future-like objects


async def receive_only(receive: Receive, send: Send, in_flight: int) -> None:
    sizes: Counter[int] = Counter()
    async for piece in body_pieces(receive, in_flight):
        sizes[len(piece)] += 1
    total = sum(size * times for size, times in sizes.items())
    report = {"calls": sizes.total(), "bytes": total, "largest": max(sizes)}
    await answer(send, json.dumps(report).encode())


async def receive_and_hash(receive: Receive, send: Send, in_flight: int) -> None:
    """Gather 1 MiB, then hash it in a thread while the next batch arrives."""
    loop = asyncio.get_running_loop()
    digest = hashlib.sha256()
    batch: list[bytes] = []
    gathered = 0
    hashing: asyncio.Future[None] | None = None
    async for piece in body_pieces(receive, in_flight):
        batch.append(piece)
        gathered += len(piece)
        if gathered >= 1 << 20:
            if hashing is not None:
                await hashing
            hashing = loop.run_in_executor(None, digest.update, b"".join(batch))
            batch, gathered = [], 0
    if hashing is not None:
        await hashing
    digest.update(b"".join(batch))
    await answer(send, digest.hexdigest().encode())


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    _, way, *rest = scope["path"].split("/")
    if way == "tiny":
        await answer(send, TINY)
    elif way == "receive":
        await receive_only(receive, send, int(rest[0]))
    elif way == "hash":
        await receive_and_hash(receive, send, int(rest[0]))
    else:
        await send_file(send, way, int(rest[0]) if rest else 1 << 18)


def main() -> None:
    """Serve the application above with Granian and the knobs given as JSON."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings

    port, knobs = int(sys.argv[1]), json.loads(sys.argv[2])
    http1 = HTTP1Settings(**knobs.pop("http1", {}))
    server = Granian(
        "bench.sending_app:app",
        port=port,
        interface=Interfaces.ASGINL,
        http1_settings=http1,
        log_enabled=False,
        **knobs,
    )
    server.serve()


if __name__ == "__main__":
    main()
