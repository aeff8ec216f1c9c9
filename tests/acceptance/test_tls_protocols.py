"""What is agreed upon in a handshake: HTTP/1.1, and which TLS; and a Unix socket's workers."""

import os
import signal
import socket
import ssl
import time
from pathlib import Path

import pytest

from tests.acceptance.test_tls_replacing import SecureServer, secure_server
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import tries


def agreed(server: SecureServer, offered: list[str]) -> str | None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(offered)
    with (
        socket.create_connection(("127.0.0.1", server.port), 30) as raw,
        context.wrap_socket(raw) as secured,
    ):
        return secured.selected_alpn_protocol()


def test_http_1_1_is_agreed_upon_whatever_else_is_offered(tmp_path: Path) -> None:
    with secure_server(tmp_path / "registry", Pair.make(tmp_path)) as server:
        assert agreed(server, ["h2", "http/1.1"]) == "http/1.1"
        assert agreed(server, ["http/1.1"]) == "http/1.1"
        assert agreed(server, ["h2"]) is None


@pytest.mark.parametrize(("minimum", "refused"), [("tls1.2", False), ("tls1.3", True)])
def test_the_oldest_version_is_what_was_asked_for(
    tmp_path: Path, minimum: str, refused: bool
) -> None:
    pair = Pair.make(tmp_path)
    tls = {"certificate": str(pair.certificate), "key": str(pair.key), "minimumtls": minimum}
    server = SecureServer(tmp_path / "registry", {"http": {"tls": tls}})
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with socket.create_connection(("127.0.0.1", server.port), 30) as raw:
            if refused:
                with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
                    context.wrap_socket(raw)
            else:
                with context.wrap_socket(raw) as secured:
                    assert secured.version() == "TLSv1.2"
    finally:
        server.stop()


def ask(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(path))
        connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return connection.recv(1000)


class UnixServer(SecureServer):
    """A registry on a socket in the filesystem."""

    socket: Path

    def answers(self) -> bool:
        """Tell whether /v2/ answers."""
        try:
            return ask(self.socket).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False


def test_a_socket_file_outlives_its_workers(tmp_path: Path) -> None:
    UnixServer.socket = tmp_path / "registry.sock"
    http = {"net": "unix", "addr": str(UnixServer.socket)}
    server = UnixServer(tmp_path / "registry", {"http": http, "server": {"workers": 2}})
    try:
        before = set(server.workers())
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        for _ in tries("the workers have no successors"):
            if len(set(server.workers()) - before) == len(before):
                break
            time.sleep(0.05)
        assert ask(UnixServer.socket).startswith(b"HTTP/1.1 200 ")
    finally:
        server.stop()
    assert not UnixServer.socket.exists()
