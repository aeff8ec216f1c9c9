"""A CA of clients that is taken out of the list is out at once."""

import os
import signal
import socket
import ssl
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from tests.acceptance.test_tls_replacing import SecureServer
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import PATIENCE, tries

ASK = b"GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n"


def authority(folder: Path, name: str) -> tuple[Pair, Pair]:
    """A CA, and a client's certificate that it has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = Pair.make(folder, name, private=key, ca=True)
    return made, Pair.make(folder, f"{name}-client", hosts=(), issuer=made, signing=key)


def client_context(pair: Pair) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose session is there with the handshake
    context.load_cert_chain(pair.certificate, pair.key)
    return context


def connect(
    server: SecureServer, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    try:
        return context.wrap_socket(raw, session=session)
    except OSError:
        raw.close()
        raise


def answers(connection: ssl.SSLSocket) -> bool:
    try:
        connection.sendall(ASK)
        return connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def is_let_in(
    server: SecureServer, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> bool:
    try:
        with connect(server, context, session) as connection:
            return answers(connection)
    except OSError:
        return False


def test_who_a_removed_ca_has_vouched_for_is_out_at_once(tmp_path: Path) -> None:
    gone, gone_client = authority(tmp_path, "gone")
    stays, stays_client = authority(tmp_path, "stays")
    file = tmp_path / "cas.pem"
    file.write_bytes(gone.certificate.read_bytes() + stays.certificate.read_bytes())
    pair = Pair.make(tmp_path)
    tls = {
        "certificate": str(pair.certificate),
        "key": str(pair.key),
        "clientcas": [str(file)],
    }
    settings = {"http": {"tls": tls}, "server": {"workers": 1}}
    server = SecureServer(tmp_path / "registry", settings, wait=False)
    try:
        for _ in tries("it does not start"):
            if is_let_in(server, client_context(stays_client)):
                break
            time.sleep(0.1)
        context = client_context(gone_client)
        with connect(server, context) as kept:
            assert answers(kept)
            session = kept.session
            assert is_let_in(server, context, session)
            file.write_bytes(stays.certificate.read_bytes())
            os.kill(server.pid, signal.SIGHUP)
            kept.settimeout(PATIENCE)
            while kept.recv(1000):  # it ends behind the rest of the answer
                pass
        assert not is_let_in(server, context)
        assert not is_let_in(server, context, session)
        assert is_let_in(server, client_context(stays_client))
    finally:
        server.stop()
