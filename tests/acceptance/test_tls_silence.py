"""Who says nothing over TLS does not keep a connection; who has a request running does."""

import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from tests.acceptance.test_tls_replacing import SecureServer
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import PATIENCE

IDLE = 2


@pytest.mark.parametrize("protocols", [[], ["http/1.1"], ["h2"]])
def test_a_connection_that_is_silent_after_its_handshake_is_closed(
    tmp_path: Path, protocols: list[str]
) -> None:
    pair = Pair.make(tmp_path)
    tls = {"certificate": str(pair.certificate), "key": str(pair.key)}
    timeouts = {"timeouts": {"idle": f"{IDLE}s", "body": "10m"}, "workers": 1}
    server = SecureServer(tmp_path / "registry", {"http": {"tls": tls}, "server": timeouts})
    try:
        statuses: list[int] = []
        waiting = threading.Thread(target=lambda: statuses.append(slow_request(server)))
        waiting.start()
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if protocols:
            context.set_alpn_protocols(protocols)
        raw = socket.create_connection(("127.0.0.1", server.port))
        secured = context.wrap_socket(raw)
        began = time.monotonic()
        secured.settimeout(PATIENCE)
        assert secured.recv(1000) == b""
        assert time.monotonic() - began > IDLE - 0.5
        secured.close()
        waiting.join()
        assert statuses == [201]
    finally:
        server.stop()


def slow_request(server: SecureServer) -> int:
    """Ask for something and fall silent in its body for far longer than the idle time."""
    connection = server.connect()
    try:
        path = "/v2/slow/blobs/uploads/?digest=sha256:" + (
            "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
        )
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", "3")
        connection.endheaders(b"fo")
        time.sleep(4 * IDLE)
        connection.send(b"o")
        return connection.getresponse().status
    finally:
        connection.close()
