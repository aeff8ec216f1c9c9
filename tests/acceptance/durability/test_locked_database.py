"""Another program that locks the database makes pushes wait, then fail clearly; pulls go on."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.durability.pushes import begin, make_manifest, push_blob, put_manifest, sha256
from tests.acceptance.durability.refusals import check_refusal
from tests.acceptance.durability.server import Server, running

IMAGE = make_manifest(b"layer")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("locked")) as server:
        for content in (b"layer", b"{}"):
            push_blob(server, "a", content)
        assert put_manifest(server, "a", "latest", IMAGE).status == 201
        yield server


@contextmanager
def locked(database: Path) -> Iterator[None]:
    with closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


@pytest.mark.parametrize("name", ["metadata.db", "sessions.db"])
def test_pushes_wait_for_a_lock_of_three_seconds(server: Server, name: str) -> None:
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(server.data / "entrepot" / name):
            held.set()
            time.sleep(3)
            over.set()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    if name == "metadata.db":
        assert put_manifest(server, "a", "waited", IMAGE).status == 201
    else:
        begin(server, "a")
    assert over.is_set()
    holder.join()


def test_a_lock_that_stays_is_told_of_and_heals(server: Server) -> None:
    database = server.data / "entrepot" / "metadata.db"
    query = f"/v2/a/blobs/uploads/?digest={sha256(b'late')}"
    with locked(database), ThreadPoolExecutor(3) as pool:
        began = time.monotonic()
        pushes = [
            pool.submit(put_manifest, server, "a", "refused", IMAGE),
            pool.submit(server.request, "POST", query, b"late"),
            pool.submit(server.request, "DELETE", "/v2/a/manifests/latest"),
        ]
        while not all(push.done() for push in pushes):
            pulled = time.monotonic()
            assert server.request("GET", "/v2/a/manifests/latest").body == IMAGE
            assert time.monotonic() - pulled < 9  # it does not wait for the lock
            time.sleep(0.1)
        for push in pushes:
            assert "locked" in check_refusal(push.result(), 503)
        assert time.monotonic() - began > 9
    push_blob(server, "a", b"late")
    assert put_manifest(server, "a", "healed", IMAGE).status == 201
    assert server.request("GET", "/v2/a/tags/list").json()["tags"] == ["healed", "latest", "waited"]
    assert "Traceback" not in server.log()
