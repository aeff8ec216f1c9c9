"""What this machine can do at all: the figures to hold the others against."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from bench.content import MEBIBYTE
from bench.figures import Row
from bench.servers import Server, bare_asgi, nginx
from bench.small_requests import load
from bench.turns import Turns


def hash_rate(data: bytes) -> float:
    begun = time.perf_counter()
    hashlib.sha256(data).digest()
    return len(data) / (time.perf_counter() - begun) / 1e6


def write_rate(path: Path, data: bytes) -> float:
    """Write a new file in pieces of 1 MiB and sync it and its directory."""
    begun = time.perf_counter()
    with path.open("wb", buffering=0) as out:
        for start in range(0, len(data), MEBIBYTE):
            out.write(data[start : start + MEBIBYTE])
        os.fsync(out.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
    seconds = time.perf_counter() - begun
    path.unlink()
    return len(data) / seconds / 1e6


def sync_rate(path: Path, count: int = 200) -> float:
    """How many 4 KiB appends, each synced, the disk takes in a second."""
    page = os.urandom(4096)
    begun = time.perf_counter()
    with path.open("wb", buffering=0) as out:
        for _ in range(count):
            out.write(page)
            os.fdatasync(out.fileno())
    seconds = time.perf_counter() - begun
    path.unlink()
    return count / seconds


def requests(turns: Turns, row: Row, cpu: Row, server: Server, path: str) -> None:
    result = load(server, path, seconds=turns.seconds)
    row.add(server.name, result.per_second)
    cpu.add(server.name, result.cpu_microseconds)


def run(turns: Turns) -> list[Row]:
    files = turns.root / "limit-files"
    files.mkdir(exist_ok=True)
    files.chmod(0o755)
    (files / "small").write_bytes(os.urandom(2048))
    rate = Row("a file of 2 KiB by nginx; 14 bytes by five lines of ASGI", "requests/s")
    cpu = Row(f"{rate.work}: CPU", "µs/request")
    disk = Row("sha256 in one thread; sequential write and fsync", "MB/s")
    syncs = Row("4 KiB appends, each synced", "syncs/s")
    data = os.urandom((32 if turns.quick else 256) * MEBIBYTE)
    with (
        nginx(turns.root / "limit-nginx", files) as plain,
        bare_asgi(turns.root / "limit-asgi") as bare,
    ):
        for _ in range(turns.rounds):
            requests(turns, rate, cpu, plain, "/small")
            requests(turns, rate, cpu, bare, "/tiny")
            disk.add("sha256", hash_rate(data))
            disk.add("disk", write_rate(turns.root / "written", data))
            syncs.add("disk", sync_rate(turns.root / "synced"))
    return [rate, cpu, disk, syncs]
