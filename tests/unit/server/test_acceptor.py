"""Handshakes: what the application learns of them, and what the client learns when they fail."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec

from entrepot.config.tls import TlsSettings
from entrepot.operations.tls.context import server_context
from entrepot.operations.tls.generations import Generations, newest
from entrepot.operations.tls.material import inspect
from entrepot.server.acceptor import Acceptor
from entrepot.server.connections import ConnectionLimits, Connections
from entrepot.server.worker_tls import WorkerTls
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import PATIENCE

LIMITS = ConnectionLimits(total=10, per_address=10, header=65536, idle=PATIENCE, body=PATIENCE)


class Told:
    """An application that remembers what it was told of TLS."""

    def __init__(self) -> None:
        self.extensions: list[Any] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.extensions.append(scope.get("extensions"))
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})


def serve(tmp_path: Path, settings: TlsSettings, ask: Callable[[int], None]) -> list[Any]:
    """Serve while somebody asks in a thread; gives what the application was told."""
    material = inspect(settings, None).material
    assert material is not None
    Generations(tmp_path).add(material, lambda files: server_context(settings, files))
    assert newest(tmp_path).certificate.exists()
    told = Told()

    async def run() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        tls = WorkerTls(settings, tmp_path)
        connections = Connections(told, LIMITS)
        connections.describe_client = tls.describe
        acceptor = Acceptor(listener, connections, lambda address: address, tls.context)
        acceptor.start()
        await asyncio.to_thread(ask, port)
        acceptor.stop()
        await connections.drain(PATIENCE, 0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    return told.extensions


def request(port: int, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as raw,
        context.wrap_socket(raw) as secured,
    ):
        secured.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return secured.recv(1000)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
def settings(tmp_path: Path) -> TlsSettings:
    """TLS that asks clients for a certificate; alice's and a stranger's lie beside."""
    pair, key = Pair.make(tmp_path), ec.generate_private_key(ec.SECP256R1())
    authority = Pair.make(tmp_path, "ca", private=key, ca=True)
    Pair.make(tmp_path, "alice", hosts=(), issuer=authority, signing=key)
    Pair.make(tmp_path, "stranger", hosts=())
    return TlsSettings(
        certificate=str(pair.certificate),
        key=str(pair.key),
        clientcas=(str(authority.certificate),),
        clientauth="verify-client-cert-if-given",
    )


def test_the_application_learns_whose_certificate_a_client_has_shown(
    tmp_path: Path, settings: TlsSettings
) -> None:
    def ask(port: int) -> None:
        context = trusting()
        assert request(port, context).startswith(b"HTTP/1.1 200 ")
        context.load_cert_chain(tmp_path / "alice.crt", tmp_path / "alice.key")
        assert request(port, context).startswith(b"HTTP/1.1 200 ")

    without, shown = serve(tmp_path, settings, ask)
    assert without is None
    assert shown["tls"]["client_cert_name"] == "CN=alice"
    assert shown["tls"]["client_cert_chain"] == [(tmp_path / "alice.crt").read_text("ascii")]


def test_a_handshake_that_fails_tells_the_client_why(tmp_path: Path, settings: TlsSettings) -> None:
    def ask(port: int) -> None:
        context = trusting()
        context.load_cert_chain(tmp_path / "stranger.crt", tmp_path / "stranger.key")
        with pytest.raises(ssl.SSLError, match="unknown ca"):
            request(port, context)
        old = trusting()
        old.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError, match="handshake failure"):
            request(port, old)

    assert serve(tmp_path, settings, ask) == []


def test_who_is_silent_before_the_handshake_is_let_go(
    tmp_path: Path, settings: TlsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.server.acceptor.HANDSHAKE_SECONDS", 0.2)

    def ask(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as silent:
            assert silent.recv(1000) == b""

    assert serve(tmp_path, settings, ask) == []
