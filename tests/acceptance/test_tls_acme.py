"""Certificates by ACME: ordered, renewed, and what happens while the CA is down."""

import http.client
import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.acceptance.harness.pebble import Pebble
from tests.acceptance.test_tls_replacing import SecureServer
from tests.ports import free_port
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import PATIENCE

HOSTS = ("registry.example.com", "registry.example.org")


@contextmanager
def acme_server(folder: Path, directory: str, port: int, cas: Path) -> Iterator[SecureServer]:
    letsencrypt = {
        "cachefile": str(folder / "acme"),
        "email": "admin@example.com",
        "hosts": list(HOSTS),
        "directoryurl": directory,
        "directorycas": str(cas),
        "listen": f"127.0.0.1:{port}",
    }
    settings = {"http": {"tls": {"letsencrypt": letsencrypt}}, "server": {"workers": 1}}
    server = SecureServer(folder / "registry", settings)
    try:
        yield server
    finally:
        server.stop()


def served(server: SecureServer) -> x509.Certificate:
    return x509.load_pem_x509_certificate(
        ssl.get_server_certificate(("127.0.0.1", server.port)).encode()
    )


def wait_for_log(server: SecureServer, text: str, seconds: float = 30, times: int = 1) -> None:
    deadline = time.monotonic() + seconds
    while server.log().count(text) < times:
        assert time.monotonic() < deadline, f"{text!r} is not in\n{server.tail(40)}"
        time.sleep(0.1)


def issuer(server: SecureServer) -> str:
    return served(server).issuer.rfc4514_string()


def wait_for_ca(server: SecureServer) -> x509.Certificate:
    """Wait until what is served comes from the CA."""
    deadline = time.monotonic() + PATIENCE
    while "Pebble" not in issuer(server):
        assert time.monotonic() < deadline, server.tail(40)
        time.sleep(0.2)
    time.sleep(1)  # for a moment old and new workers accept side by side
    return served(server)


def verified(server: SecureServer, host: str, root: str) -> int:
    """Ask as a client that looks at the certificate; gives the status."""
    context = ssl.create_default_context(cadata=root)
    connection = http.client.HTTPSConnection(host, server.port, context=context)
    raw = socket.create_connection(("127.0.0.1", server.port))
    connection.sock = context.wrap_socket(raw, server_hostname=host)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_certificate_is_ordered_kept_and_used(tmp_path: Path) -> None:
    port = free_port()
    pebble = Pebble(tmp_path / "ca", port)
    try:
        with acme_server(tmp_path, pebble.directory, port, pebble.own) as server:
            first = wait_for_ca(server)
            for host in HOSTS:
                assert verified(server, host, pebble.root()) == 200
            kept = tmp_path / "acme" / HOSTS[0]
            for file in (kept, tmp_path / "acme" / "acme_account+key"):
                assert file.stat().st_mode & 0o777 == 0o600
                assert load_pem_private_key(file.read_bytes(), None)
        orders = server.log().count("the CA issued a certificate")
        with acme_server(tmp_path, pebble.directory, port, pebble.own) as again:
            assert served(again) == first
            time.sleep(2)
            assert again.log().count("the CA issued a certificate") == orders
    finally:
        pebble.stop()


def test_a_ca_that_is_down_at_the_start_is_asked_again(tmp_path: Path) -> None:
    port, ca_port = free_port(), free_port()
    directory = f"https://localhost:{ca_port}/dir"
    cas = Pair.make(tmp_path, "pebble", hosts=("localhost", "127.0.0.1"), ca=True).certificate
    with acme_server(tmp_path, directory, port, cas) as server:
        wait_for_log(server, "cannot be reached: ")
        wait_for_log(server, "the next attempt to get a certificate is in ")
        assert server.request("GET", "/v2/").status == 200  # by a certificate of its own
        assert issuer(server) == served(server).subject.rfc4514_string()
        pebble = Pebble(tmp_path / "ca", port, ca_port)
        try:
            os.kill(server.pid, signal.SIGHUP)
            wait_for_ca(server)
        finally:
            pebble.stop()


def test_a_certificate_is_renewed_and_the_old_one_serves_while_the_ca_is_down(
    tmp_path: Path,
) -> None:
    port, ca_port = free_port(), free_port()
    cas = Pair.make(tmp_path, "pebble", hosts=("localhost", "127.0.0.1"), ca=True).certificate
    # What an order some time ago has left: two thirds of its life are over.
    old = Pair.make(tmp_path, "old", hosts=HOSTS, begins=-70, ends=20)
    kept = tmp_path / "acme" / HOSTS[0]
    kept.parent.mkdir(mode=0o700)
    kept.write_bytes(old.key.read_bytes() + old.certificate.read_bytes())
    with acme_server(tmp_path, f"https://localhost:{ca_port}/dir", port, cas) as server:
        wait_for_log(server, "cannot be reached: ")
        assert served(server) == x509.load_pem_x509_certificate(old.certificate.read_bytes())
        pebble = Pebble(tmp_path / "ca", port, ca_port)
        try:
            os.kill(server.pid, signal.SIGHUP)
            renewed = wait_for_ca(server)
            assert renewed.not_valid_after_utc > datetime.now(UTC) + timedelta(days=30)
        finally:
            pebble.stop()


def test_a_challenge_that_nobody_answers_is_told_with_the_cas_words(tmp_path: Path) -> None:
    port = free_port()
    pebble = Pebble(tmp_path / "ca", free_port())  # it asks another port
    try:
        with acme_server(tmp_path, pebble.directory, port, pebble.own) as server:
            wait_for_log(server, "the CA could not verify registry.example.")
            assert server.request("GET", "/v2/").status == 200
    finally:
        pebble.stop()
