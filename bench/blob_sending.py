"""Which way of sending a blob through ASGI on Granian is fastest, and which knobs matter.

Run as `python -m bench.blob_sending [sending|settings] [--rounds N]`; prints Markdown tables.
What came out is in docs/decisions/0003-sending-blobs.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from bench.processes import cpu_seconds
from bench.sockets import Transfer, download, read_head, run_clients

MEBIBYTE = 1 << 20
FILE_SIZE = 256 * MEBIBYTE
CHUNKS = [1 << shift for shift in range(16, 23)]
OTHER_WAYS = {
    "pread_in_thread": [1 << 18, 1 << 20],
    "pread_ahead": [1 << 18, 1 << 20],
    "nowait": [1 << 18, 1 << 20],
    "nowait_probe": [1 << 18, 1 << 20],
    "reused_bytearray": [1 << 18],
    "mmap_slices": [1 << 18, 1 << 20],
    "mmap_views": [1 << 20],
    "pathsend": [0],
}
SETTINGS: dict[str, dict[str, Any]] = {
    "as Granian comes": {},
    "asyncio": {"loop": "asyncio"},
    "uvloop": {"loop": "uvloop"},
    "st": {"runtime_mode": "st"},
    "mt": {"runtime_mode": "mt"},
    "mt, 2 runtime threads": {"runtime_mode": "mt", "runtime_threads": 2},
    "st, 2 runtime threads": {"runtime_mode": "st", "runtime_threads": 2},
    "rust tasks": {"task_impl": "rust"},
    "http1 only": {"http": "1"},
    "backpressure 10,000": {"backpressure": 10_000, "backlog": 16_384},
    "buffer 64 KiB": {"http1": {"max_buffer_size": 1 << 16}},
    "buffer 1 MiB": {"http1": {"max_buffer_size": 1 << 20}},
    "buffer 4 MiB": {"http1": {"max_buffer_size": 1 << 22}},
    "pipeline_flush": {"http1": {"pipeline_flush": True}},
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured run."""

    cpu_per_gb: float
    megabytes_per_second: float


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def running(command: list[str], port: int, file: Path) -> Iterator[int]:
    """Run a server until the block ends; gives its process id."""
    environment = os.environ | {"BENCH_FILE": str(file)}
    with subprocess.Popen(command, env=environment) as process:
        try:
            wait_for(port)
            time.sleep(0.5)  # a second worker may still be starting
            yield process.pid
        finally:
            process.terminate()


@contextmanager
def granian(file: Path, knobs: dict[str, Any]) -> Iterator[tuple[int, int]]:
    port = free_port()
    options = json.dumps({"workers": 2, **knobs})
    command = [sys.executable, "-m", "bench.sending_app", str(port), options]
    with running(command, port, file) as pid:
        yield pid, port


@contextmanager
def nginx(file: Path) -> Iterator[tuple[int, int]]:
    port = free_port()
    configuration = file.with_name("nginx.conf")
    configuration.write_text(
        f"daemon off; worker_processes 2; pid {file.parent}/nginx.pid; error_log /dev/null;\n"
        "user root; events {}\n"
        f"http {{ access_log off; sendfile on; server {{ listen 127.0.0.1:{port};\n"
        f"root {file.parent}; }} }}\n"
    )
    with running(["/usr/sbin/nginx", "-c", str(configuration)], port, file) as pid:
        yield pid, port


def measure(pid: int, port: int, path: str, clients: int) -> Sample:
    before = cpu_seconds(pid)
    transfer = download(port, path, clients, times=4 if clients == 1 else 1)
    return sample(transfer, cpu_seconds(pid) - before)


def sample(transfer: Transfer, cpu: float) -> Sample:
    return Sample(cpu / (transfer.bytes_moved / 1e9), transfer.megabytes_per_second)


def medians(samples: list[Sample]) -> str:
    cpu = median(one.cpu_per_gb for one in samples)
    speed = median(one.megabytes_per_second for one in samples)
    return f"{cpu:.3f} | {speed:,.0f}"


def compare_ways(file: Path, rounds: int) -> None:
    """Every way and chunk size in turns, nginx beside them, with one and with eight clients."""
    cases = [f"/pread/{chunk}" for chunk in CHUNKS]
    cases += [f"/{way}/{chunk}" for way, chunks in OTHER_WAYS.items() for chunk in chunks]
    results: dict[tuple[str, int], list[Sample]] = {}
    with granian(file, {}) as (granian_pid, port), nginx(file) as (nginx_pid, nginx_port):
        for _, clients in product(range(rounds), (1, 8)):
            found = measure(nginx_pid, nginx_port, f"/{file.name}", clients)
            results.setdefault(("nginx sendfile", clients), []).append(found)
            for path in cases:
                found = measure(granian_pid, port, path, clients)
                results.setdefault((path, clients), []).append(found)
    print("| way, chunk | 1 client: CPU s/GB | MB/s | 8 clients: CPU s/GB | MB/s |")
    print("|---|---|---|---|---|")
    for path in ["nginx sendfile", *cases]:
        print(f"| {path} | {medians(results[path, 1])} | {medians(results[path, 8])} |")


def upload(port: int, path: str, total: int, piece: int, *, chunked: bool) -> tuple[Transfer, str]:
    """Send zeros, whole or as chunks of a size (docker sends chunks of 32 KiB)."""
    data = bytes(piece)
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {total}"
    head = f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}\r\n\r\n".encode()
    if chunked:
        data = b"%x\r\n%b\r\n" % (piece, data)
    answers: list[str] = []

    def work(connection: socket.socket, _: int) -> int:
        connection.sendall(head)
        for _ in range(total // piece):
            connection.sendall(data)
        if chunked:
            connection.sendall(b"0\r\n\r\n")
        answers.append(read_head(connection)[2].decode())
        return total

    return run_clients(port, 1, work), answers[0]


def tiny_requests(pid: int, port: int) -> str:
    """Requests a second and server microseconds for the smallest answer, by wrk."""
    before = cpu_seconds(pid)
    command = ["wrk", "-t1", "-c16", "-d2", f"http://127.0.0.1:{port}/tiny"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+) requests in", out)
    requests = int(found[1]) if found else 0
    return f"{requests / 2:,.0f} | {(cpu_seconds(pid) - before) / requests * 1e6:.1f}"


def compare_settings(file: Path, rounds: int) -> None:
    """One row for each setting of Granian: tiny answers, big bodies, uploads."""
    print(
        "| setting | tiny/s | µs each | send 256K preads: CPU s/GB | MB/s | receive: CPU s/GB "
        "| MB/s | calls, largest | receive 32K chunks: CPU s/GB | MB/s | calls, largest |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, knobs in SETTINGS.items():
        with granian(file, knobs) as (pid, port):
            tiny = tiny_requests(pid, port)
            sends = [measure(pid, port, "/pread/262144", 8) for _ in range(rounds)]
            cells = [name, tiny, medians(sends)]
            for piece, chunked in ((MEBIBYTE, False), (1 << 15, True)):
                samples = []
                for _ in range(rounds):
                    before = cpu_seconds(pid)
                    moved, said = upload(port, "/receive/1", FILE_SIZE * 2, piece, chunked=chunked)
                    samples.append(sample(moved, cpu_seconds(pid) - before))
                facts = json.loads(said)
                cells += [medians(samples), f"{facts['calls']}, {facts['largest']}"]
            print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["sending", "settings"])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        file = Path(directory) / "blob"
        with file.open("wb") as out:
            for _ in range(FILE_SIZE // MEBIBYTE):
                out.write(os.urandom(MEBIBYTE))
        Path(directory).chmod(0o755)
        if options.what != "settings":
            compare_ways(file, options.rounds)
        if options.what != "sending":
            compare_settings(file, options.rounds)


if __name__ == "__main__":
    main()
