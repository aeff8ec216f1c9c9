"""What a stranger sends costs little: the worst of each input, to a registry that runs.

Counted is the processor's time of the worker, so that a busy machine makes no difference.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.waiting import PATIENCE
from tests.wire.harness.server import Registry
from tests.wire.test_dead_worker import children

BYTES = 60_000  # below the limit of a header
MANIFEST = 4 * 1024 * 1024
BLOB = f"/v2/a/blobs/sha256:{'0' * 64}"
PIECES = [
    *("?token", "&a=token", ";", "=", "%", "%41", "//", "../", "a/", '"', ",", 'W/"', "é"),
    *("ent_pat_", "eyJa.", "://a:", "basic+", 'for="', "a=b;", "CN=", "\\", "[", ":", "a__", "0-"),
]
HEADERS = [
    *("Referer", "User-Agent", "Authorization", "Range", "If-None-Match", "If-Range", "Forwarded"),
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Accept", "Cookie", "Expect"),
    *("Content-Range", "Content-Type", "Content-Length", "Origin"),
]
PLACES = {
    "a path": "GET /{}",
    "a name": "GET /v2/{}/tags/list",
    "a tag": "GET /v2/a/manifests/{}",
    "a query": "GET /v2/a/tags/list?{}",
    "n": "GET /v2/a/tags/list?n={}",
    "last": "GET /v2/_catalog?last={}",
    "an artifact type": f"GET /v2/a/referrers/sha256:{'0' * 64}?artifactType={{}}",
    "a digest": "POST /v2/a/blobs/uploads/?digest={}",
    "a mount": f"POST /v2/a/blobs/uploads/?mount=sha256:{'0' * 64}&from={{}}",
}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    registry = Registry(tmp_path_factory.mktemp("strangers"), {"server": {"workers": 1}})
    registry.start()
    yield registry
    registry.stop()


def cpu_seconds(registry: Registry) -> float:
    """Seconds of the processor that the registry's workers have had."""
    ticks = 0
    for child in children(registry.process):
        for worker in children(child):
            fields = Path(f"/proc/{worker}/stat").read_text("ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def ask(registry: Registry, line: str, *headers: str, body: bytes = b"") -> str:
    """Send a request, and give the status of the answer."""
    lines = [f"{line} HTTP/1.1", "Host: a", *headers, "Connection: close"]
    if body or line.startswith("POST"):
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    address = ("127.0.0.1", registry.port)
    with closing(socket.create_connection(address, timeout=PATIENCE)) as connection:
        try:
            connection.sendall(head + body)
        except ConnectionError:
            return "cut"
        try:
            return connection.recv(12)[9:].decode()
        except ConnectionError:
            return "cut"


def filled(piece: str) -> str:
    return piece * (BYTES // len(piece.encode("latin-1")))


@pytest.mark.parametrize("header", HEADERS)
def test_the_worst_of_a_header_is_answered_at_once(registry: Registry, header: str) -> None:
    before = cpu_seconds(registry)
    for piece in PIECES:
        assert ask(registry, f"GET {BLOB}", f"{header}: {filled(piece)}") in ("404", "400")
    # Four requests of 5 KB took 13 s once, and 60 KB for ever.
    assert cpu_seconds(registry) - before < 5


@pytest.mark.parametrize("line", PLACES.values(), ids=PLACES)
def test_the_worst_of_an_address_is_answered_at_once(registry: Registry, line: str) -> None:
    before = cpu_seconds(registry)
    for piece in PIECES:
        said = ask(registry, line.format(filled(piece)))
        assert said in ("200", "202", "301", "400", "404", "431"), (line, piece)
    assert cpu_seconds(registry) - before < 5


def many(value: bytes) -> bytes:
    return b'{"schemaVersion":2,"manifests":[%b]}' % b",".join(
        [value] * ((MANIFEST - 100) // (len(value) + 1))
    )


DESCRIPTOR = b'{"mediaType":"a/b","size":1,"digest":"sha256:%b"}' % (b"0" * 64)
DOCUMENTS = {
    "lists": many(b"[]"),
    "objects": many(b"{}"),
    "floats": many(b"1e-300"),
    "brackets": b"[" * 90_000,
    "escapes": b'{"a":"%b"}' % (b"\\u0041" * 690_000),
    "descriptors": many(DESCRIPTOR + b" " * 100),
    "keys": b"{%b}" % b",".join(b'"%d":0' % number for number in range(99_000)),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_worst_of_a_manifest_is_answered_at_once(registry: Registry, name: str) -> None:
    before = cpu_seconds(registry)
    for _ in range(2):
        kind = "Content-Type: application/vnd.oci.image.index.v1+json"
        said = ask(registry, "PUT /v2/a/manifests/t", kind, body=DOCUMENTS[name])
        assert said in ("400", "404")
    assert cpu_seconds(registry) - before < 5


def test_and_nobody_else_has_been_harmed(registry: Registry) -> None:
    assert ask(registry, "GET /v2/") == "200"
    assert cpu_seconds(registry) > 0.1  # so it was the workers' time that was counted
