"""A blob of 256 MiB pushed as docker does and pulled at once; and pulled with the cache dropped."""

from __future__ import annotations

import os
import time

from bench.client import Client
from bench.content import MEBIBYTE
from bench.figures import DISTRIBUTION, Row, at_most
from bench.memory import settle
from bench.processes import cpu_seconds
from bench.pushing import BigBody, patch_blob
from bench.servers import Server
from bench.sockets import download
from bench.turns import Turns

REPOSITORY = "bench/first-pulls"


def drop_cache(server: Server) -> None:
    """Let the kernel forget what it holds of a registry's files; all of them are synced."""
    for folder, _, names in os.walk(server.root / "data"):
        for name in names:
            descriptor = os.open(os.path.join(folder, name), os.O_RDONLY)  # noqa: PTH118
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def run(turns: Turns) -> list[Row]:
    mebibytes = 32 if turns.quick else 256
    body = BigBody(mebibytes * MEBIBYTE)
    gigabytes = len(body.data) / 1e9
    both = Row(f"docker's push of {mebibytes} MiB and its first pull", "s")
    both_cpu = Row(f"{both.work}: CPU", "CPU s/GB")
    first = Row(f"the first pull of {mebibytes} MiB after the push: CPU", "CPU s/GB")
    cold = Row(f"a pull of {mebibytes} MiB with the cache dropped", "MB/s")
    cold_cpu = Row(f"{cold.work}: CPU", "CPU s/GB")
    for series, server in turns.each():
        settle()
        digest = body.renew()
        path = f"/v2/{REPOSITORY}/blobs/{digest}"
        with Client(server.port) as client:
            before, begun = cpu_seconds(server.pid), time.perf_counter()
            patch_blob(client, REPOSITORY, memoryview(body.data), digest)
            pushed = cpu_seconds(server.pid)
            download(server.port, path, 1, 1)
            both.add(series, time.perf_counter() - begun)
            pulled = cpu_seconds(server.pid)
            both_cpu.add(series, (pulled - before) / gigabytes)
            first.add(series, (pulled - pushed) / gigabytes)
            drop_cache(server)
            before = cpu_seconds(server.pid)
            moved = download(server.port, path, 1, 1)
            cold.add(series, moved.megabytes_per_second)
            cold_cpu.add(series, (cpu_seconds(server.pid) - before) / gigabytes)
            client.request("DELETE", path, 202, 405, 501)
    both.wanted.append(at_most(0.8, DISTRIBUTION))
    both_cpu.wanted.append(at_most(1.1, DISTRIBUTION))
    both.notes.append("POST, PATCH in chunks of 32 KiB, PUT; then one GET on a new connection")
    cold.notes.append("posix_fadvise(DONTNEED) on every file of the registry before each pull")
    return [both, both_cpu, first, cold, cold_cpu]
