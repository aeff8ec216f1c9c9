"""Stored bytes that contradict their row are never served as a whole blob, and are told of."""

import http.client
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.durability.pushes import push_blob
from tests.acceptance.durability.refusals import check_refusal
from tests.acceptance.durability.server import Server, running
from tests.ports import free_port
from tests.waiting import PATIENCE

SMALL, LARGE = b"x" * 1000, b"y" * 3_000_000
HUGE = bytes(64 << 20)


@pytest.fixture(scope="module")
def debug_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, debug_port: int) -> Iterator[Server]:
    debug = {"addr": f"127.0.0.1:{debug_port}", "prometheus": {"enabled": True}}
    folder = tmp_path_factory.mktemp("damage")
    with running(folder, {"http": {"debug": debug}}) as server:
        yield server


def data_file(server: Server, digest: str) -> Path:
    algorithm, _, encoded = digest.partition(":")
    folder = server.data / "docker/registry/v2/blobs" / algorithm
    return folder / encoded[:2] / encoded / "data"


def damaged_reads(port: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    values = [line.split() for line in lines if line.startswith("entrepot_damaged_blobs_total")]
    return sum(float(value) for _, value in values)


def wait_for_damaged_reads(port: int, number: float) -> None:
    deadline = time.monotonic() + PATIENCE  # workers write their counters about once a second
    while damaged_reads(port) != number:
        assert time.monotonic() < deadline, damaged_reads(port)
        time.sleep(0.1)


def missing(file: Path) -> None:
    file.unlink()


def cut(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 1)


def too_long(file: Path) -> None:
    with file.open("ab") as opened:
        opened.write(b"!")


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("damage", [missing, cut, too_long])
def test_a_damaged_blob_is_an_error_and_a_push_mends_it(
    server: Server, debug_port: int, content: bytes, damage: Callable[[Path], None]
) -> None:
    before = damaged_reads(debug_port)
    digest = push_blob(server, "a", content)
    damage(data_file(server, digest))
    path = f"/v2/a/blobs/{digest}"
    check_refusal(server.request("GET", path), 503)
    check_refusal(server.request("GET", path, headers={"Range": "bytes=0-9"}), 503)
    # The second one was not read any more: the first has put it into quarantine.
    wait_for_damaged_reads(debug_port, before + 1)
    assert digest in server.log()
    assert server.request("HEAD", path).status == 404
    push_blob(server, "a", content)
    assert server.request("GET", path).body == content


def test_a_blob_that_is_cut_while_it_is_read_breaks_the_connection(server: Server) -> None:
    digest = push_blob(server, "a", HUGE)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/v2/a/blobs/{digest}")
    response = connection.getresponse()
    assert response.status == 200
    assert response.read(1 << 20) == HUGE[: 1 << 20]
    with data_file(server, digest).open("r+b") as file:
        file.truncate(40 << 20)
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        response.read()
    connection.close()
    assert f"a blob's file ended at {40 << 20} bytes" in server.log()
