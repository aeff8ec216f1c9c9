"""Memory of each registry, idle and under each load: the highest PSS of its tree."""

from __future__ import annotations

from collections.abc import Callable

from bench.client import Client
from bench.content import MEBIBYTE
from bench.figures import DOCKER, ENTREPOT, Row
from bench.memory_sampler import Peak
from bench.processes import pss
from bench.pushing import BigBody, in_processes, push_images, put_blob, uploads_until
from bench.scenarios.manifests import REPOSITORY, fill
from bench.servers import Server, docker_registry, entrepot
from bench.small_requests import load
from bench.sockets import download
from bench.turns import Turns

Work = Callable[[Server], object]


def loads(turns: Turns, big: str) -> dict[str, Work]:
    seconds = turns.seconds
    manifest = f"/v2/{REPOSITORY}/manifests/latest"
    return {
        "16 connections GET a manifest": lambda on: load(on, manifest, seconds=seconds),
        "8 clients GET a big blob": lambda on: download(on.port, big, 8, 2),
        "8 clients push images": lambda on: push_images(on, seconds),
        "8 clients PATCH 32 MiB": lambda on: in_processes(8, uploads_until, on.port, seconds, 32),
    }


def run(turns: Turns) -> list[Row]:
    """Start both afresh, so that what other scenarios left in memory does not count."""
    body = BigBody((32 if turns.quick else 256) * MEBIBYTE)
    digest = body.renew()
    idle = Row("memory idle, after the first answers", "MiB PSS")
    rows = [idle]
    other = docker_registry if turns.null_test else entrepot
    with (
        docker_registry(turns.root / "memory-a") as first,
        other(turns.root / "memory-b") as second,
    ):
        servers = {DOCKER: first, ENTREPOT: second}
        for series, server in servers.items():
            fill(server)
            with Client(server.port) as client:
                put_blob(client, "bench/big", memoryview(body.data), digest)
            idle.add(series, pss(server.pid) / MEBIBYTE)
        for work, apply in loads(turns, f"/v2/bench/big/blobs/{digest}").items():
            row = Row(f"memory while {work}", "MiB PSS")
            for series, server in servers.items():
                with Peak(server.pid) as peak:
                    apply(server)
                row.add(series, peak.tree_mebibytes)
            rows.append(row)
    return rows
