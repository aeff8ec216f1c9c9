"""What ends a registry whose clients are slow (configuration: `http.draintimeout`)."""

import socket
import time
from pathlib import Path

import pytest

from tests.wire.harness.server import Registry

UNFINISHED = (
    b"POST /v2/app/blobs/uploads/?digest=sha256:%b HTTP/1.1\r\n"
    b"Host: a\r\nContent-Length: 100\r\n\r\nsome" % (b"0" * 64)
)


@pytest.mark.parametrize(("timeout", "at_most"), [("0s", 6), ("1500ms", 8)])
def test_a_stalled_upload_is_waited_for_no_longer_than_the_drain_timeout(
    tmp_path: Path, timeout: str, at_most: float
) -> None:
    registry = Registry(
        tmp_path, {"http": {"draintimeout": timeout}, "server": {"timeouts": {"body": "15s"}}}
    )
    registry.start()
    with socket.create_connection(("127.0.0.1", registry.port)) as client:
        client.sendall(UNFINISHED)
        time.sleep(0.5)
        began = time.monotonic()
        assert registry.stop() == 0
        assert time.monotonic() - began < at_most
