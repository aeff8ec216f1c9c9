"""What ends a registry whose clients are slow (configuration: `http.draintimeout`)."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.waiting import tries
from tests.wire.harness.server import Registry

UNFINISHED = (
    b"POST /v2/app/blobs/uploads/?digest=sha256:%b HTTP/1.1\r\n"
    b"Host: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n" % (b"0" * 64)
)
FAR_LESS_THAN_THE_BODY_MAY_TAKE = 45  # and than the other tests' registries are given
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("timeout", ["0s", "1500ms"])
def test_a_stalled_upload_is_waited_for_no_longer_than_the_drain_timeout(
    tmp_path: Path, timeout: str
) -> None:
    registry = Registry(tmp_path, {"http": {"draintimeout": timeout}})
    registry.start()
    with socket.create_connection(("127.0.0.1", registry.port)) as client:
        client.sendall(UNFINISHED)
        # Which it says when the application has asked for the body.
        assert client.recv(len(CONTINUE), socket.MSG_WAITALL) == CONTINUE
        client.sendall(b"some")
        began = time.monotonic()
        assert registry.stop() == 0
        assert time.monotonic() - began < FAR_LESS_THAN_THE_BODY_MAY_TAKE


def test_a_stop_that_came_while_the_registry_was_frozen_is_heard(tmp_path: Path) -> None:
    """Any of its threads may be given the signal then; most of them never answer it."""
    registry = Registry(tmp_path)
    registry.start()
    os.kill(registry.process, signal.SIGSTOP)
    wait_until_it_stands_still(registry.process)
    os.kill(registry.process, signal.SIGTERM)
    os.kill(registry.process, signal.SIGCONT)
    assert registry.stopped() == 0


def wait_until_it_stands_still(process: int) -> None:
    threads = Path(f"/proc/{process}/task")
    for _ in tries("it runs on"):
        states = {(path / "stat").read_text().rpartition(")")[2][1] for path in threads.iterdir()}
        if states == {"T"}:
            break
        time.sleep(0.01)
