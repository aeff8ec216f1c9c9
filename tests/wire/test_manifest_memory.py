"""However many large manifests wait for the database, a bounded number is held in memory."""

import http.client
import json
import socket
import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from tests.waiting import PATIENCE
from tests.wire.harness.server import Registry
from tests.wire.test_dead_worker import children

INDEX = "application/vnd.oci.image.index.v1+json"
MEBIBYTE = 1024 * 1024
MANIFESTS = 24  # of 4 MiB, where one client may have 16 MiB held
READERS = 60


def large_index() -> bytes:
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {"a": ""}}
    room = 4 * MEBIBYTE - len(json.dumps(document))
    document["annotations"] = {"a": "x" * room}
    return json.dumps(document).encode()


def push(connection: socket.socket, number: int, payload: bytes) -> None:
    head = (
        f"PUT /v2/app/manifests/t{number} HTTP/1.1\r\nHost: a\r\n"
        f"Content-Type: {INDEX}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    with suppress(ConnectionError):  # refused before its end
        connection.sendall(head.encode() + payload)


def is_kept(connection: socket.socket) -> bool:
    """Whether a push was answered 201; a client may not see a 429 that came mid-body."""
    try:
        answer = connection.recv(12)[9:]
    except ConnectionError:
        return False
    assert answer in (b"201", b"429", b"")
    return answer == b"201"


def test_manifests_that_wait_for_a_locked_database_are_bounded(tmp_path: Path) -> None:
    registry = Registry(tmp_path, {"server": {"workers": 1}})
    registry.start()
    payload = large_index()
    try:
        with (
            closing(sqlite3.connect(registry.data / "entrepot" / "metadata.db")) as other,
            ExitStack() as opened,
        ):
            other.execute("BEGIN IMMEDIATE")
            connections = []
            for number in range(MANIFESTS):
                connection = socket.create_connection(
                    ("127.0.0.1", registry.port), timeout=PATIENCE
                )
                connections.append(opened.enter_context(connection))
                push(connection, number, payload)
                time.sleep(0.05)
            other.execute("ROLLBACK")
            kept = sum(is_kept(connection) for connection in connections)
    finally:
        registry.stop()
    assert 2 <= kept <= 4


def resident(registry: Registry) -> int:
    """Bytes that the workers of a registry have in memory."""
    total = 0
    for child in children(registry.process):
        for worker in children(child):
            lines = Path(f"/proc/{worker}/status").read_text("ascii").splitlines()
            total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
    return total


def test_a_reader_that_stops_in_a_large_manifest_costs_a_fraction_of_it(tmp_path: Path) -> None:
    registry = Registry(tmp_path, {"server": {"workers": 1}})
    registry.start()
    payload = large_index()
    try:
        with ExitStack() as opened:
            pusher = socket.create_connection(("127.0.0.1", registry.port), timeout=PATIENCE)
            push(opened.enter_context(pusher), 0, payload)
            assert is_kept(pusher)
            before = resident(registry)
            for _ in range(READERS):
                reader = opened.enter_context(socket.socket())
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                reader.connect(("127.0.0.1", registry.port))
                reader.sendall(b"GET /v2/app/manifests/t0 HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(1.5)
            assert resident(registry) - before < READERS * len(payload) // 4
    finally:
        registry.stop()


def test_a_large_manifest_comes_back_as_it_was_pushed(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.start()
    payload = large_index()
    connection = http.client.HTTPConnection(registry.authority, timeout=PATIENCE)
    try:
        connection.request("PUT", "/v2/app/manifests/t", payload, {"Content-Type": INDEX})
        assert connection.getresponse().read() == b""
        for method, body in (("HEAD", b""), ("GET", payload)):
            connection.request(method, "/v2/app/manifests/t")
            answer = connection.getresponse()
            assert answer.headers["Content-Length"] == str(len(payload))
            assert answer.read() == body
    finally:
        connection.close()
        registry.stop()
