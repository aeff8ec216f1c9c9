"""One upload of 5 GB and 500 slow ones at once: memory above idle, for each worker."""

from __future__ import annotations

import os
import socket
import threading
import time

from bench.client import Client
from bench.figures import DOCKER, ENTREPOT, Row, at_most
from bench.memory_sampler import Peak
from bench.processes import pss_by_process
from bench.servers import Server, docker_registry, entrepot
from bench.turns import Turns

MEBIBYTE = 1 << 20
SLOW_CLIENTS = 500
LIMIT_MEBIBYTES = 64


def big_upload(port: int, gigabytes: float) -> None:
    """PATCH that many bytes as docker does; the session is then cancelled."""
    piece = os.urandom(1 << 15)
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for _ in range(32))
    with Client(port) as client:
        begun = client.request("POST", "/v2/bench/memory/blobs/uploads/", 202)
        location = begun.headers["location"]
        client.send(client.head("PATCH", location, {"Transfer-Encoding": "chunked"}))
        for _ in range(int(gigabytes * 1e9 / (32 * len(piece)))):
            client.send(framed)
        client.send(b"0\r\n\r\n")
        answer = client.answer()
        if answer.status != 202:
            raise RuntimeError(f"PATCH: {answer.status} {answer.body[:300]!r}")
        client.request("DELETE", answer.headers["location"], 204)


def slow_uploads(port: int, over: threading.Event) -> list[socket.socket]:
    """Begin 500 uploads and send 4 KiB of each about once a second until it is over."""
    connections = []
    for number in range(SLOW_CLIENTS):
        with Client(port) as client:
            begun = client.request("POST", f"/v2/bench/slow-{number % 10}/blobs/uploads/", 202)
            head = client.head("PATCH", begun.headers["location"], {"Transfer-Encoding": "chunked"})
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        connection.sendall(head)
        connections.append(connection)

    def trickle() -> None:
        piece = b"1000\r\n" + os.urandom(4096) + b"\r\n"
        while not over.is_set():
            for connection in connections:
                connection.sendall(piece)
            over.wait(1)

    threading.Thread(target=trickle, daemon=True).start()
    return connections


def measure(server: Server, gigabytes: float) -> tuple[float, float]:
    """MiB above idle of the tree, and of the process that grew most."""
    with Client(server.port) as client:
        client.request("GET", "/v2/", 200)
    time.sleep(2)  # every worker has started
    idle = pss_by_process(server.pid)
    over = threading.Event()
    with Peak(server.pid) as peak:
        connections = slow_uploads(server.port, over)
        big_upload(server.port, gigabytes)
        time.sleep(1)
        over.set()
    for connection in connections:
        connection.close()
    grown = max(size - idle.get(pid, 0) for pid, size in peak.by_process.items())
    return (peak.tree - sum(idle.values())) / MEBIBYTE, grown / MEBIBYTE


def run(turns: Turns) -> list[Row]:
    gigabytes = 0.5 if turns.quick else 5
    work = f"memory above idle: a {gigabytes:g} GB upload and {SLOW_CLIENTS} slow ones"
    tree, worker = Row(work, "MiB PSS"), Row(f"{work}, the largest worker", "MiB PSS")
    other = docker_registry if turns.null_test else entrepot
    for series, start in ((DOCKER, docker_registry), (ENTREPOT, other)):
        with start(turns.root / f"upload-memory-{series}") as server:
            whole, largest = measure(server, gigabytes)
        tree.add(series, whole)
        worker.add(series, largest)
    worker.wanted.append(at_most(LIMIT_MEBIBYTES, None))
    return [tree, worker]
