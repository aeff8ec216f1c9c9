"""Slow, stalled, idle and vanished clients cost sockets, not memory, and hold nobody up.

bench/ measures; the bounds here are wide, to hold on a busy machine.
"""

import http.client
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.durability.processes import pss
from tests.acceptance.durability.pushes import begin, make_manifest, push_blob, put_manifest
from tests.acceptance.durability.server import Server, running
from tests.acceptance.durability.slow import SlowUpload
from tests.waiting import PATIENCE

MEBIBYTE = 1 << 20
ABOVE_IDLE = 64 * MEBIBYTE
SLOW, STALLED, IDLE, READERS = 500, 3_000, 10_000, 60
TWO_WORKERS = {"server": {"workers": 2}}
IMAGE = make_manifest(b"layer")


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """Let this process, and the registry that it starts, have as many sockets as they may."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path, TWO_WORKERS | {"http": {"draintimeout": "2s"}}) as server:
        for content in (b"layer", b"{}"):
            push_blob(server, "a", content)
        assert put_manifest(server, "a", "latest", IMAGE).status == 201
        yield server


class Peak(threading.Thread):
    """The most memory that each worker has had, beyond what it had at the beginning."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.idle = {pid: pss(pid) for pid in server.workers()}
        self.above = dict.fromkeys(self.idle, 0)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.2):
            for pid, idle in self.idle.items():
                self.above[pid] = max(self.above[pid], pss(pid) - idle)

    def __enter__(self) -> "Peak":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        print("MiB above idle:", sorted(above // MEBIBYTE for above in self.above.values()))


def begin_many(server: Server, number: int) -> list[str]:
    """Begin uploads over one connection; gives their addresses."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    locations = []
    for _ in range(number):
        connection.request("POST", "/v2/slow/blobs/uploads/", b"")
        response = connection.getresponse()
        response.read()
        assert response.status == 202
        locations.append(response.headers["location"])
    connection.close()
    return locations


def upload_zeros(server: Server, mebibytes: int) -> None:
    """Send an upload of that size as one stream, and cancel it."""
    with SlowUpload(server, location := begin(server, "big")) as upload:
        frame = b"%x\r\n%b\r\n" % (MEBIBYTE, bytes(MEBIBYTE))
        for _ in range(mebibytes):
            upload.socket.sendall(frame)
        assert upload.end() == 202
    assert server.request("DELETE", location).status == 204


def pull_times(server: Server, number: int = 200) -> list[float]:
    """Pull a manifest again and again, each time on a new connection; seconds, in order."""
    times = []
    for _ in range(number):
        began = time.monotonic()
        assert server.request("GET", "/v2/a/manifests/latest").body == IMAGE
        times.append(time.monotonic() - began)
    return sorted(times)


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not after {seconds} s: {what}"
        time.sleep(0.05)


def open_files(server: Server, below: str) -> int:
    """Count the files below a folder of the data that workers have open."""
    count = 0
    for pid in server.workers():
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                count += str(entry.readlink()).startswith(f"{server.data}/{below}")
            except FileNotFoundError:
                continue
    return count


def test_a_large_upload_and_500_slow_ones_stay_within_64_mib_a_worker(
    server: Server, pytestconfig: pytest.Config
) -> None:
    mebibytes = 5_000 if pytestconfig.getoption("--long") else 1_500
    pull_times(server, 50)  # each worker has answered
    locations = begin_many(server, SLOW)
    with ExitStack() as stack, Peak(server) as peak:
        slow = [stack.enter_context(SlowUpload(server, place)) for place in locations]
        over = threading.Event()

        def trickle() -> None:
            while not over.is_set():
                for upload in slow:
                    upload.send(bytes(4096))
                over.wait(0.5)

        trickling = threading.Thread(target=trickle)
        trickling.start()
        try:
            upload_zeros(server, mebibytes)
        finally:
            over.set()
            trickling.join()
        for upload in slow:
            assert upload.end() == 202
    assert max(peak.above.values()) < ABOVE_IDLE


def test_stalled_uploads_and_idle_connections_do_not_slow_others(server: Server) -> None:
    before = pull_times(server)
    locations = begin_many(server, STALLED)
    with ExitStack() as stack, Peak(server):
        for place in locations:
            stack.enter_context(SlowUpload(server, place)).send(b"first")
        for _ in range(IDLE):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
        during = pull_times(server)
        push_blob(server, "a", b"x" * 100_000)
        print("ms, median and 99th:", *(round(t * 1e3, 1) for t in (before[100], before[197])))
        print("ms among them:", *(round(t * 1e3, 1) for t in (during[100], during[197])))
        assert during[100] < max(0.05, 5 * before[100])
        assert during[197] < 1
    place = "/v2/slow" + locations[0].partition("/v2/slow")[2]
    wait_until(lambda: server.request("GET", place).headers["range"] == "0-4", "bytes are kept")
    wait_until(lambda: open_files(server, "entrepot/uploads") == 0, "uploads are let go of")


def test_readers_that_stop_or_vanish_hold_neither_memory_nor_files(server: Server) -> None:
    digest = push_blob(server, "a", bytes(64 * MEBIBYTE))
    pull_times(server, 50)
    request = f"GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: registry\r\n\r\n".encode()
    with Peak(server) as peak, ExitStack() as stack:
        for _ in range(READERS):
            reader = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            reader.sendall(request)
            assert reader.recv(1000).startswith(b"HTTP/1.1 200")
        time.sleep(2)
        assert open_files(server, "docker") > 0
        pull_times(server, 20)
    assert max(peak.above.values()) < 2 * ABOVE_IDLE
    wait_until(lambda: open_files(server, "docker") == 0, "blobs are let go of")
