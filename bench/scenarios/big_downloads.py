"""A blob of 256 MiB to one client and to eight, and nginx with sendfile on the same bytes."""

from __future__ import annotations

from bench.client import Client
from bench.content import MEBIBYTE
from bench.figures import DISTRIBUTION, Row, at_most
from bench.processes import cpu_seconds
from bench.pushing import BigBody, put_blob
from bench.servers import Server, nginx
from bench.sockets import download
from bench.turns import Turns

REPOSITORY = "bench/big"


def run(turns: Turns) -> list[Row]:
    size = (32 if turns.quick else 256) * MEBIBYTE
    body = BigBody(size)
    digest = body.renew()

    def fill(server: Server) -> None:
        with Client(server.port) as client:
            put_blob(client, REPOSITORY, memoryview(body.data), digest)

    for server in turns.registries.values():
        fill(server)
    files = turns.root / "files"
    files.mkdir(exist_ok=True)
    (files / "blob").write_bytes(body.data)
    files.chmod(0o755)
    path = f"/v2/{REPOSITORY}/blobs/{digest}"
    rows: list[Row] = []
    with nginx(turns.root / "nginx", files) as plain:
        for clients in (1, 8):
            who = "1 client" if clients == 1 else f"{clients} clients"
            cpu = Row(f"blob GET of {size // MEBIBYTE} MiB, {who}: CPU", "CPU s/GB")
            both = Row(f"{cpu.work}, server and client together", "CPU s/GB")
            speed = Row(f"blob GET of {size // MEBIBYTE} MiB, {who}", "MB/s")
            times = 4 if clients == 1 else 1
            for _ in range(turns.rounds):
                for series, server in (*turns.registries.items(), ("nginx", plain)):
                    target = "/blob" if server is plain else path
                    before = cpu_seconds(server.pid)
                    moved = download(server.port, target, clients, times)
                    spent = cpu_seconds(server.pid) - before
                    cpu.add(series, spent / (moved.bytes_moved / 1e9))
                    whole = spent + moved.generator_cpu_seconds
                    both.add(series, whole / (moved.bytes_moved / 1e9))
                    speed.add(series, moved.megabytes_per_second)
            if clients == 1:
                cpu.wanted += [at_most(0.95), at_most(0.8, DISTRIBUTION), at_most(1.25, "nginx")]
            cpu.notes.append("the client drops the bytes in the kernel (MSG_TRUNC)")
            both.notes.append(
                "on loopback the kernel does much of a sendfile's work while the client reads, and "
                "counts it as the client's: the less the faster the server"
            )
            rows += [cpu, both, speed]
    return rows
