"""What a registry does by itself for what it stores: it reads blobs, and copies its database."""

import http.client
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.durability.pushes import push_blob
from tests.acceptance.durability.server import Server, running
from tests.acceptance.durability.test_damage import data_file
from tests.ports import free_port

CONTENT = b"z" * 300_000
SECONDS = 90


@pytest.fixture(scope="module")
def debug_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, debug_port: int) -> Iterator[Server]:
    settings = {
        "http": {"debug": {"addr": f"127.0.0.1:{debug_port}", "prometheus": {"enabled": True}}},
        "scrub": {"every": "1s", "rate": "1MiB"},
        "backup": {"every": "1s", "keep": 2},
    }
    with running(tmp_path_factory.mktemp("care"), settings) as server:
        yield server


def wait_until(what: Callable[[], bool], said: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < deadline, said
        time.sleep(0.5)


def metric(port: int, name: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return sum(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def test_damage_inside_a_file_is_found_by_the_scrub_and_healed_by_a_push(
    server: Server, debug_port: int
) -> None:
    digest = push_blob(server, "a", CONTENT)
    path = f"/v2/a/blobs/{digest}"
    file = data_file(server, digest)
    file.write_bytes(b"Z" + CONTENT[1:])
    wait_until(lambda: server.request("GET", path).status == 503, "the scrub found nothing")
    assert server.request("HEAD", path).status == 404
    assert digest in server.log()
    bad = "entrepot_scrub_bad_blobs_total"
    wait_until(lambda: metric(debug_port, bad) >= 1, "the metrics do not tell of it")
    wait_until(lambda: metric(debug_port, "entrepot_quarantined_blobs") == 1, "nor of the number")
    push_blob(server, "a", CONTENT)
    assert server.request("GET", path).body == CONTENT
    wait_until(lambda: metric(debug_port, "entrepot_quarantined_blobs") == 0, "nor of its end")
    last = "entrepot_scrub_last_pass_timestamp_seconds"
    wait_until(lambda: abs(time.time() - metric(debug_port, last)) < SECONDS, "nor of the pass")


def test_snapshots_are_taken_and_old_ones_go(server: Server) -> None:
    folder: Path = server.data / "entrepot/backups"

    def names() -> set[str]:
        found = folder.glob("metadata-*.db") if folder.is_dir() else ()
        return {path.name for path in found}

    seen: set[str] = set()

    def three() -> bool:
        seen.update(names())
        return len(seen) >= 3

    wait_until(three, f"only {seen}")
    wait_until(lambda: len(names()) <= 2, f"too many: {names()}")
    assert max(seen) in names()
    assert not list(folder.glob(".unfinished*"))


def test_it_stops_at_once_in_the_middle_of_a_large_blob(tmp_path: Path) -> None:
    with running(tmp_path, {"scrub": {"every": "1s", "rate": "64KiB"}}) as server:
        push_blob(server, "a", bytes(8 << 20))
        wait_until(lambda: "scrub" in job_names(server), "no scrub has begun")
        time.sleep(12)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 8


def job_names(server: Server) -> set[str]:
    with closing(sqlite3.connect(server.data / "entrepot/metadata.db")) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM jobs")}
