"""A new blob of 256 MiB each time: as one PUT, and as docker's chunked PATCH."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.client import Client
from bench.content import MEBIBYTE
from bench.figures import DISTRIBUTION, Row, at_least, at_most
from bench.memory import settle
from bench.processes import cpu_seconds
from bench.pushing import BigBody, patch_blob, put_blob
from bench.turns import Turns

Way = Callable[[Client, str, memoryview, str], None]
REPOSITORY = "bench/uploads"


def measure(turns: Turns, work: str, way: Way, body: BigBody) -> list[Row]:
    speed, cpu = Row(work, "MB/s"), Row(f"{work}: CPU", "CPU s/GB")
    gigabytes = len(body.data) / 1e9
    for series, server in turns.each():
        settle()
        for _ in range(2):
            digest = body.renew()
            with Client(server.port) as client:
                before, begun = cpu_seconds(server.pid), time.perf_counter()
                way(client, REPOSITORY, memoryview(body.data), digest)
                seconds = time.perf_counter() - begun
                spent = cpu_seconds(server.pid) - before
                client.request("DELETE", f"/v2/{REPOSITORY}/blobs/{digest}", 202, 405, 501)
            speed.add(series, gigabytes * 1000 / seconds)
            cpu.add(series, spent / gigabytes)
    return [speed, cpu]


def run(turns: Turns) -> list[Row]:
    mebibytes = 32 if turns.quick else 256
    body = BigBody(mebibytes * MEBIBYTE)
    put = measure(turns, f"blob PUT of {mebibytes} MiB", put_blob, body)
    put[0].wanted += [at_least(2.8), at_least(1.45, DISTRIBUTION)]
    put[1].wanted += [at_most(0.42), at_most(0.9, DISTRIBUTION)]
    put[0].notes.append("POST, then one PUT with Content-Length; on disk before the 201")
    patch = measure(turns, f"the same by docker's PATCH of {mebibytes} MiB", patch_blob, body)
    patch[0].wanted.append(at_least(1.35, DISTRIBUTION))
    patch[1].wanted.append(at_most(1.15, DISTRIBUTION))
    patch[0].notes.append("POST, PATCH in chunks of 32 KiB without a length, PUT")
    return [*put, *patch]
