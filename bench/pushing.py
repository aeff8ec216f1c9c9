"""Loads that write: whole images and big blobs, each client a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier

from bench.client import Client
from bench.content import MEBIBYTE, digest_of, make_image, push_image, with_digest
from bench.processes import cpu_seconds, machine_time
from bench.servers import Server

# As many bytes as hello-world's kind of image: four blobs, the last of them the config (~1.5 KiB).
IMAGE_LAYERS = (2048, 8192, 20480)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What several clients together did."""

    count: int
    seconds: float
    server_cpu_seconds: float
    generator_cpu_seconds: float
    idle_cores: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def generator_cores(self) -> float:
        return self.generator_cpu_seconds / self.seconds


@dataclass(frozen=True, slots=True)
class Part:
    """What one client did."""

    count: int
    begun: float
    ended: float
    cpu_seconds: float
    idle_cores: float = 0.0


def images_until(port: int, client: int, seed: str, seconds: float) -> Part:
    """Make and push new images, one after the other, until the time is over."""
    with Client(port) as connection:
        _begin_together()
        count, cpu, begun = 0, time.process_time(), time.monotonic()
        machine = machine_time()
        while time.monotonic() < begun + seconds:
            image = make_image(f"{seed}-{client}-{count}", IMAGE_LAYERS)
            push_image(connection, f"bench/push-{client}", image, f"v{count % 100}")
            count += 1
        idle = machine.idle_cores_until(machine_time())
        return Part(count, begun, time.monotonic(), time.process_time() - cpu, idle)


_gate: Barrier | None = None


def _stand_at(gate: Barrier) -> None:
    global _gate  # what a process of the pool is given at its start
    _gate = gate


def _begin_together() -> None:
    if _gate is not None:
        _gate.wait(timeout=60)


def in_processes(clients: int, work: Callable[..., Part], *arguments: object) -> list[Part]:
    """Run the work once a client, with the client's number as its second argument.

    The work calls `_begin_together` when its client is ready: the start of the others' interpreters
    shall not be measured.
    """
    context = multiprocessing.get_context("spawn")  # the parent has threads at times
    port, *rest = arguments
    gate = context.Barrier(clients)
    with ProcessPoolExecutor(
        clients, mp_context=context, initializer=_stand_at, initargs=(gate,)
    ) as pool:
        futures = [pool.submit(work, port, client, *rest) for client in range(clients)]
        return [future.result() for future in futures]


def push_images(server: Server, seconds: float, clients: int = 8) -> Pushed:
    """Let clients push new images for some seconds."""
    seed = os.urandom(8).hex()
    before = cpu_seconds(server.pid)
    parts = in_processes(clients, images_until, server.port, seed, seconds)
    spent = cpu_seconds(server.pid) - before
    elapsed = max(part.ended for part in parts) - min(part.begun for part in parts)
    used = sum(part.cpu_seconds for part in parts)
    idle = sum(part.idle_cores for part in parts) / clients
    return Pushed(sum(part.count for part in parts), elapsed, spent, used, idle)


class BigBody:
    """Incompressible bytes of a size, made new by changing their first 32 bytes."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(os.urandom(size))

    def renew(self) -> str:
        """Change the content; returns the new digest."""
        self.data[:32] = os.urandom(32)
        return digest_of(bytes(memoryview(self.data)))


def put_blob(client: Client, repository: str, data: memoryview, digest: str) -> None:
    """POST, then one PUT with the whole body and its length."""
    begun = client.request("POST", f"/v2/{repository}/blobs/uploads/", 202)
    target = with_digest(begun.headers["location"], digest)
    client.send(client.head("PUT", target, {"Content-Length": str(len(data))}))
    client.send(data)
    expect_created(client)


def patch_blob(client: Client, repository: str, data: memoryview, digest: str) -> None:
    """POST, PATCH as one stream in chunks of 32 KiB without a length, PUT: docker's way."""
    begun = client.request("POST", f"/v2/{repository}/blobs/uploads/", 202)
    location = begun.headers["location"]
    client.send(client.head("PATCH", location, {"Transfer-Encoding": "chunked"}))
    piece = 1 << 15
    for start in range(0, len(data), piece):
        part = data[start : start + piece]
        client.send(b"".join((b"%x\r\n" % len(part), part, b"\r\n")))
    client.send(b"0\r\n\r\n")
    answer = client.answer()
    if answer.status != 202:
        raise RuntimeError(f"PATCH: {answer.status} {answer.body[:500]!r}")
    client.request("PUT", with_digest(answer.headers["location"], digest), 201)


def expect_created(client: Client) -> None:
    answer = client.answer()
    if answer.status != 201:
        raise RuntimeError(f"PUT: {answer.status} {answer.body[:500]!r}")


def uploads_until(port: int, client: int, seconds: float, mebibytes: int) -> Part:
    """Upload new big blobs, one after the other, until the time is over."""
    body = BigBody(mebibytes * MEBIBYTE)
    with Client(port) as connection:
        _begin_together()
        count, cpu, begun = 0, time.process_time(), time.monotonic()
        while time.monotonic() < begun + seconds:
            digest = body.renew()
            patch_blob(connection, f"bench/upload-{client}", memoryview(body.data), digest)
            count += 1
        return Part(count, begun, time.monotonic(), time.process_time() - cpu)
