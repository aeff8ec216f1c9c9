"""Processes that end, in order or not: nothing acknowledged is lost, and nobody else is held up."""

import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.durability.processes import ended, parent
from tests.acceptance.durability.pushes import (
    begin,
    finish,
    make_manifest,
    push_blob,
    put_manifest,
    sha256,
)
from tests.acceptance.durability.server import START_SECONDS, Server, running
from tests.acceptance.durability.slow import SlowUpload
from tests.waiting import PATIENCE

TWO_WORKERS = {"server": {"workers": 2}}


def wait_for_workers(
    server: Server, number: int, other_than: set[int], seconds: float = PATIENCE
) -> None:
    deadline = time.monotonic() + seconds
    while len(set(server.workers()) - other_than) < number:
        assert time.monotonic() < deadline, server.tail()
        time.sleep(0.05)


class Pusher(threading.Thread):
    """Pushes images, each whole, until it is stopped; a request that fails ends the test."""

    def __init__(self, server: Server, number: int) -> None:
        super().__init__()
        self._server, self._repository = server, f"pusher/{number}"
        self._over = threading.Event()
        self.images: dict[str, bytes] = {}
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._over.is_set():
                layer = os.urandom(5000)
                for content in (layer, b"{}"):
                    push_blob(self._server, self._repository, content)
                tag, payload = f"n{len(self.images)}", make_manifest(layer)
                answer = put_manifest(self._server, self._repository, tag, payload)
                assert answer.status == 201, answer
                self.images[tag] = payload
        except BaseException as failure:
            self.failure = failure

    def finish(self) -> None:
        """Stop, and check that everything was answered and is there."""
        self._over.set()
        self.join()
        if self.failure is not None:
            raise self.failure
        assert self.images
        for tag, payload in self.images.items():
            path = f"/v2/{self._repository}/manifests/{tag}"
            assert self._server.request("GET", path).body == payload


@pytest.mark.parametrize("victim", ["supervisor", "nursery"])
def test_workers_end_with_who_started_them_and_what_follows_works(
    tmp_path: Path, victim: str
) -> None:
    server = Server(tmp_path, TWO_WORKERS)
    try:
        push_blob(server, "a", b"content")
        with SlowUpload(server, begin(server, "a")) as upload:
            upload.send(b"first")
            workers = server.workers()
            assert len(workers) == 2
            os.kill(server.pid if victim == "supervisor" else parent(workers[0]), signal.SIGKILL)
            ended(workers, 5)
            assert upload.status() == 0
        if victim == "supervisor":
            server.wait_for_end()
            server = Server(tmp_path)
        wait_for_workers(server, 2, set(workers))
        server.wait()
        assert server.request("GET", f"/v2/a/blobs/{sha256(b'content')}").body == b"content"
        push_blob(server, "a", b"more")
    finally:
        server.kill()


def test_a_worker_that_is_killed_is_replaced_and_the_other_one_answers(tmp_path: Path) -> None:
    with running(tmp_path, TWO_WORKERS) as server, ExitStack() as stack:
        contents = [f"upload {n}".encode() * 9000 for n in range(8)]
        locations = [begin(server, "a") for _ in contents]
        uploads = [stack.enter_context(SlowUpload(server, place)) for place in locations]
        for upload, content in zip(uploads, contents, strict=True):
            upload.send(content[:5000])
        time.sleep(0.5)
        before = set(server.workers())
        os.kill(min(before), signal.SIGKILL)
        statuses = []
        for upload, content in zip(uploads, contents, strict=True):
            try:
                upload.send(content[5000:])
                statuses.append(upload.end())
            except OSError:
                statuses.append(0)
        assert set(statuses) <= {0, 202}
        wait_for_workers(server, 1, before)
        server.wait()
        for status, location, content in zip(statuses, locations, contents, strict=True):
            if status == 202:
                assert finish(server, location, sha256(content)).status == 201
        for number in range(20):
            push_blob(server, "a", f"after {number}".encode())


@pytest.mark.parametrize("whom", ["the supervisor", "every process"])
def test_sigterm_lets_a_slow_upload_finish(tmp_path: Path, whom: str) -> None:
    server = Server(tmp_path, {"http": {"draintimeout": "30s"}})
    content = [os.urandom(100_000) for _ in range(20)]
    try:
        location = begin(server, "a")
        with SlowUpload(server, location) as upload:
            upload.send(content[0])
            time.sleep(0.2)
            if whom == "the supervisor":
                server.terminate()
            else:
                os.killpg(server.pid, signal.SIGTERM)
            for piece in content[1:]:
                time.sleep(0.1)
                upload.send(piece)
            assert upload.end() == 202
        assert server.wait_for_end() == 0
    finally:
        server.kill()
    with running(tmp_path) as again:
        path = "/v2/" + location.partition("/v2/")[2]
        whole = b"".join(content)
        assert finish(again, path, sha256(whole)).status == 201
        assert again.request("GET", f"/v2/a/blobs/{sha256(whole)}").body == whole


def test_sigterm_ends_what_does_not_finish_in_time_and_its_bytes_go_on(tmp_path: Path) -> None:
    server = Server(tmp_path, {"http": {"draintimeout": "2s"}})
    path = "/v2/" + begin(server, "a").partition("/v2/")[2]
    with SlowUpload(server, path) as upload:
        upload.send(b"x" * 1000)
        time.sleep(0.2)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 45  # where a body may take a minute to come
    with running(tmp_path) as again:
        status = again.request("GET", path)
        assert status.status == 204
        end = int(status.headers["range"].removeprefix("0-"))
        rest = (b"x" * 1000 + b"y")[end + 1 if end else 0 :]
        assert finish(again, path, sha256(b"x" * 1000 + b"y"), rest).status == 201


def test_sighup_fails_no_request_and_needs_no_new_workers(tmp_path: Path) -> None:
    with running(tmp_path, TWO_WORKERS) as server:
        before = set(server.workers())
        pushers = [Pusher(server, number) for number in range(4)]
        for pusher in pushers:
            pusher.start()
        for _ in range(5):
            os.kill(server.pid, signal.SIGHUP)
            time.sleep(0.2)
        for pusher in pushers:
            pusher.finish()
        assert set(server.workers()) == before


def test_a_second_registry_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        second = Server(tmp_path / "second", data=first.data, wait=False)
        assert second.wait_for_end(START_SECONDS) == 1
        assert f"another registry is running on {first.data} (process {first.pid})" in second.log()
        push_blob(first, "a", b"content")
