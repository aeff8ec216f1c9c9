"""What becomes of an upload when the worker that takes it dies (spec.md, "Pushing a blob")."""

import http.client
import os
import signal
import time
from pathlib import Path

from tests.waiting import PATIENCE, tries
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.server import Registry

TOTAL = 3_000_000
PART = b"x" * 1_000_000


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    text = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    return [int(number) for number in text.split()]


def workers(registry: int) -> list[int]:
    """The grandchildren of a registry: its workers come from a process that only forks."""
    return [worker for child in children(registry) for worker in children(child)]


def ask(registry: Registry, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
    """Ask once, and again while no worker has taken the place of the dead ones."""
    for _ in tries("no worker answers"):
        connection = http.client.HTTPConnection(registry.authority, timeout=PATIENCE)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("Location", "")
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise AssertionError


def test_an_upload_goes_on_at_once_when_its_worker_was_killed(tmp_path: Path) -> None:
    registry = Registry(
        tmp_path,
        {
            "http": {"relativeurls": True},
            "server": {"timeouts": {"lease": "10m"}},
        },
    )
    registry.start()
    try:
        _, path = ask(registry, "POST", "/v2/app/blobs/uploads/")
        with RawConnection(registry.authority) as raw:
            raw.begin_body(f"PATCH {path} HTTP/1.1", f"Content-Length: {TOTAL}")
            raw.send(PART)
            assert ask(registry, "PATCH", path, PART)[0] == 409
            for worker in workers(registry.process):
                os.kill(worker, signal.SIGKILL)
            assert raw.is_closed()
        for _ in tries("the claim of the dead worker still stands"):
            status, _location = ask(registry, "PATCH", path, PART)
            if status != 409:
                break
            time.sleep(0.2)
        assert status == 202
    finally:
        registry.stop()
