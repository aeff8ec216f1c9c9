"""However many large manifests wait for the database, a bounded number is held in memory."""

import json
import socket
import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from tests.wire.harness.server import Registry

INDEX = "application/vnd.oci.image.index.v1+json"
MEBIBYTE = 1024 * 1024
MANIFESTS = 24  # of 4 MiB, where 64 MiB are held


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
                connection = socket.create_connection(("127.0.0.1", registry.port), timeout=20)
                connections.append(opened.enter_context(connection))
                push(connection, number, payload)
                time.sleep(0.05)
            other.execute("ROLLBACK")
            kept = sum(is_kept(connection) for connection in connections)
    finally:
        registry.stop()
    assert 8 <= kept <= 16
