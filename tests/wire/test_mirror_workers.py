"""A mirror in processes of its own, with several workers, in front of a second registry.

Between the two is a proxy that does harm.
"""

import contextlib
import hashlib
import http.client
import os
import random
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from entrepot.oci.digest import Digest
from tests.unit.services.mirror.images import image
from tests.waiting import PATIENCE, tries
from tests.wire.harness.faulty_proxy import FaultyProxy, Harm
from tests.wire.harness.in_process import LoopThread
from tests.wire.harness.server import Registry
from tests.wire.test_dead_worker import workers

LAYER = random.Random(7).randbytes(24_000_000)
DIGEST = Digest.of(LAYER)
IMAGE = image(LAYER)
NAME = "team/app"
MIRRORED = f"up.example/{NAME}"
BLOB = f"/v2/{MIRRORED}/blobs/{DIGEST}"


def ask(registry: Registry, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Send a request on a connection of its own; gives the body.

    Raises:
        http.client.HTTPException, OSError: the connection broke.
    """
    connection = http.client.HTTPConnection(registry.authority, timeout=PATIENCE)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, sent)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status in (200, 201, 206), (answer.status, content[:500])
        return content
    finally:
        connection.close()


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    registry = Registry(tmp_path_factory.mktemp("upstream"), {"server": {"workers": 1}})
    registry.start()
    for blob in (LAYER, b"{}"):
        path = f"/v2/{NAME}/blobs/uploads/?digest={Digest.of(blob)}"
        ask(registry, "POST", path, blob, content_length=str(len(blob)))
    path = f"/v2/{NAME}/manifests/v1"
    ask(registry, "PUT", path, IMAGE.payload, content_type=IMAGE.media_type)
    yield registry
    assert registry.stop() == 0


@pytest.fixture
def proxy(upstream: Registry, loop: LoopThread) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(loop, upstream.port)
    yield proxy
    proxy.close()


@pytest.fixture
def mirror(proxy: FaultyProxy, tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(
        tmp_path,
        {
            "server": {"workers": 2},
            "proxies": [{"host": "up.example", "remoteurl": proxy.url, "readtimeout": "2m"}],
        },
    )
    registry.start()
    wait_for_workers(registry, 2)
    yield registry
    assert registry.stop() == 0, registry.log.read_text()[-4000:]
    lines = registry.log.read_text().splitlines()
    assert [line for line in lines if "Traceback" in line and "level=debug" not in line] == []


def wait_for_workers(registry: Registry, number: int) -> None:
    """Wait until all workers take connections: the first answer is of one of them."""
    ends_with = f":{registry.port:04X}"
    for _ in tries("the workers do not listen"):
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        if sum(row[1].endswith(ends_with) and row[3] == "0A" for row in rows) >= number:
            return
        time.sleep(0.02)


def visible(mirror: Registry) -> bool:
    """Whether anybody can see the layer without asking the upstream."""
    database = mirror.data / "entrepot" / "metadata.db"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT 1 FROM blobs WHERE digest = ?", (DIGEST,)).fetchall()
    return bool(rows)


def uploads(mirror: Registry) -> list[Path]:
    return list((mirror.data / "entrepot" / "uploads").iterdir())


def wait_for_bytes(mirror: Registry, size: int) -> None:
    """Wait until a download has written down that it has so many bytes."""
    database = mirror.data / "entrepot" / "sessions.db"
    for _ in tries("the bytes do not arrive"):
        with contextlib.closing(sqlite3.connect(database)) as connection:
            rows = connection.execute("SELECT max(received) FROM upload_sessions").fetchall()
        if (rows[0][0] or 0) >= size:
            return
        time.sleep(0.05)


def test_cold_clients_of_all_workers_cost_the_upstream_one_download(
    mirror: Registry, proxy: FaultyProxy
) -> None:
    def pull(_: int) -> str:
        ask(mirror, "GET", f"/v2/{MIRRORED}/manifests/v1")
        return hashlib.sha256(ask(mirror, "GET", BLOB)).hexdigest()

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(pull, range(32))) == {DIGEST.hex}
    assert proxy.seen.count("/blobs/") == 1
    assert proxy.seen.body_bytes == len(LAYER)
    assert proxy.seen.count("/manifests/") == 1
    assert uploads(mirror) == []
    proxy.close()  # the upstream is gone
    assert pull(0) == DIGEST.hex
    assert ask(mirror, "GET", f"/v2/{MIRRORED}/manifests/{IMAGE.digest}") == IMAGE.payload


def test_the_first_client_may_leave(mirror: Registry, proxy: FaultyProxy) -> None:
    proxy.harm = Harm(stall_at=5_000_000)
    with socket.create_connection(("127.0.0.1", mirror.port), PATIENCE) as first:
        first.sendall(f"GET {BLOB} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert first.recv(1000).startswith(b"HTTP/1.1 200")
        assert proxy.stalled.wait(PATIENCE)
    proxy.go_on()
    for _ in tries("the download did not end"):
        if visible(mirror):
            break
        time.sleep(0.05)
    assert ask(mirror, "GET", BLOB) == LAYER
    assert proxy.seen.count("/blobs/") == 1


@pytest.mark.parametrize("cut", [0, 1, 65_536, 11_111_111, 23_999_999])
def test_a_connection_that_breaks_is_gone_on_with_unnoticed(
    mirror: Registry, proxy: FaultyProxy, cut: int
) -> None:
    proxy.harm = Harm(cut_at=cut, times=1)
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: ask(mirror, "GET", BLOB), range(4)))
    assert all(content == LAYER for content in got)
    first_range, second_range = proxy.seen.ranges
    assert first_range == ""
    again = int(second_range.removeprefix("bytes=").removesuffix("-") or 0)
    # Of what was sent last, some is lost with the connection.
    assert 0 <= cut - again < 4_000_000
    assert proxy.seen.body_bytes == len(LAYER) + cut - again


def test_an_upstream_that_falls_silent_is_asked_again(proxy: FaultyProxy, tmp_path: Path) -> None:
    proxies = [{"host": "up.example", "remoteurl": proxy.url, "readtimeout": "1s"}]
    mirror = Registry(tmp_path, {"server": {"workers": 1}, "proxies": proxies})
    mirror.start()
    try:
        proxy.harm = Harm(stall_at=9_000_000, times=1)
        assert ask(mirror, "GET", BLOB) == LAYER
        assert proxy.seen.count("/blobs/") == 2
    finally:
        proxy.go_on()
        assert mirror.stop() == 0


@pytest.mark.parametrize("flip", [0, 12_000_000, 23_999_999])
def test_wrong_bytes_are_never_completed(mirror: Registry, proxy: FaultyProxy, flip: int) -> None:
    proxy.harm = Harm(flip_at=flip)

    def pull(_: int) -> bool:
        with pytest.raises((http.client.HTTPException, OSError, AssertionError)):
            ask(mirror, "GET", BLOB)
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(pull, range(4)))
    assert not visible(mirror)
    assert uploads(mirror) == []
    proxy.harm = None
    assert ask(mirror, "GET", BLOB) == LAYER


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 503),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", 429),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 404),
    ],
)
def test_an_upstream_that_fails_fails_nobody_who_has_the_image(
    mirror: Registry, proxy: FaultyProxy, answer: bytes, status: int
) -> None:
    ask(mirror, "GET", BLOB)
    ask(mirror, "GET", f"/v2/{MIRRORED}/manifests/v1")
    proxy.harm = Harm(path="/v2/", answer=answer)
    assert ask(mirror, "GET", BLOB) == LAYER
    assert ask(mirror, "GET", f"/v2/{MIRRORED}/manifests/v1") == IMAGE.payload
    assert ask(mirror, "GET", f"/v2/{MIRRORED}/manifests/{IMAGE.digest}") == IMAGE.payload
    with pytest.raises(AssertionError, match=str(status)):
        ask(mirror, "GET", f"/v2/{MIRRORED}/manifests/v2")


def test_a_download_goes_on_when_its_worker_is_killed(mirror: Registry, proxy: FaultyProxy) -> None:
    proxy.harm = Harm(stall_at=12_000_000, times=1)
    ask(mirror, "GET", f"/v2/{MIRRORED}/manifests/v1")
    outcomes: list[bytes | Exception] = []

    def pull() -> None:
        try:
            outcomes.append(ask(mirror, "GET", BLOB))
        except (OSError, http.client.HTTPException) as error:
            outcomes.append(error)

    pulling = [threading.Thread(target=pull) for _ in range(8)]
    for thread in pulling:
        thread.start()
    assert proxy.stalled.wait(PATIENCE)
    wait_for_bytes(mirror, 11_000_000)
    assert not visible(mirror)
    for worker in workers(mirror.process):
        os.kill(worker, signal.SIGKILL)
    for thread in pulling:
        thread.join(PATIENCE)
    assert len(outcomes) == 8
    assert not any(isinstance(outcome, bytes) and outcome != LAYER for outcome in outcomes)
    assert not visible(mirror)
    proxy.go_on()
    for _ in tries("no worker takes the place of the dead ones"):
        try:
            assert ask(mirror, "GET", BLOB) == LAYER
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        else:
            break
    assert uploads(mirror) == []
    # What was written down before the kill did not come again.
    assert proxy.seen.body_bytes <= len(LAYER) + 1_000_000


def test_clients_of_other_workers_notice_nothing_when_the_one_that_downloads_is_killed(
    mirror: Registry, proxy: FaultyProxy
) -> None:
    proxy.harm = Harm(stall_at=12_000_000, times=1)
    with ThreadPoolExecutor(16) as pool:

        def pull(_: int) -> bool:
            try:
                assert ask(mirror, "GET", BLOB) == LAYER
            except (OSError, http.client.HTTPException):
                return False  # its worker is gone
            return True

        pulling = [pool.submit(pull, number) for number in range(16)]
        assert proxy.stalled.wait(PATIENCE)
        wait_for_bytes(mirror, 11_000_000)
        os.kill(downloading(mirror), signal.SIGKILL)
        outcomes = [each.result(PATIENCE) for each in pulling]
    proxy.go_on()
    # The kernel spreads connections over both workers.
    assert any(outcomes)
    assert proxy.seen.count("/blobs/") == 2
    assert int(proxy.seen.ranges[1].removeprefix("bytes=").removesuffix("-")) >= 11_000_000
    assert uploads(mirror) == []


def downloading(mirror: Registry) -> int:
    """The worker that has an upload open for writing."""
    for worker in workers(mirror.process):
        for file in Path(f"/proc/{worker}/fd").iterdir():
            with contextlib.suppress(OSError):
                opened = file.readlink()
                flags = Path(f"/proc/{worker}/fdinfo/{file.name}").read_text().split()[3]
                if opened.parent.name == "uploads" and int(flags, 8) & os.O_WRONLY:
                    return worker
    raise AssertionError("nobody downloads")


def test_a_registry_that_stops_leaves_what_it_has_for_the_next_start(
    mirror: Registry, proxy: FaultyProxy
) -> None:
    proxy.harm = Harm(stall_at=12_000_000, times=1)
    with socket.create_connection(("127.0.0.1", mirror.port), PATIENCE) as first:
        first.sendall(f"GET {BLOB} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert proxy.stalled.wait(PATIENCE)
    wait_for_bytes(mirror, 11_000_000)
    assert mirror.stop() == 0
    assert not visible(mirror)
    mirror.start()
    assert ask(mirror, "GET", BLOB) == LAYER
    first_range, second_range = proxy.seen.ranges
    assert first_range == ""
    assert 11_000_000 <= int(second_range.removeprefix("bytes=").removesuffix("-")) <= 12_000_000
    assert uploads(mirror) == []


def test_a_registry_that_is_killed_as_a_whole_goes_on_after_its_next_start(
    mirror: Registry, proxy: FaultyProxy
) -> None:
    proxy.harm = Harm(stall_at=12_000_000, times=1)
    with socket.create_connection(("127.0.0.1", mirror.port), PATIENCE) as first:
        first.sendall(f"GET {BLOB} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert proxy.stalled.wait(PATIENCE)
    wait_for_bytes(mirror, 11_000_000)
    killed = workers(mirror.process)
    mirror.kill()
    for worker in killed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    assert not visible(mirror)
    proxy.go_on()
    mirror.start()
    assert ask(mirror, "GET", BLOB) == LAYER
    assert int(proxy.seen.ranges[-1].removeprefix("bytes=").removesuffix("-")) >= 11_000_000
    assert uploads(mirror) == []
