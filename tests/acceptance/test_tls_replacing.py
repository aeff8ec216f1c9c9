"""Certificates are replaced on disk while clients push: no request fails, no upload is dropped."""

import hashlib
import os
import signal
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.durability.server import Server
from tests.acceptance.harness.wire import Answer
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import PATIENCE

PUSHERS = 8


class SecureServer(Server):
    """A registry that speaks TLS; see `Server`."""

    def request(self, method: str, path: str, body: Any = None, *_: Any, **__: Any) -> Answer:
        connection = self.connect()
        try:
            connection.request(method, self.path(path), body)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def path(self, location: str) -> str:
        """A path, of a Location that may be a whole URL."""
        return location.removeprefix(f"https://127.0.0.1:{self.port}")

    def connect(self) -> HTTPSConnection:
        """A connection that takes any certificate."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)

    def certificate(self) -> str:
        """The fingerprint of the certificate that a new connection gets."""
        connection = self.connect()
        connection.connect()
        try:
            secured: Any = connection.sock
            der = secured.getpeercert(binary_form=True)
            assert der is not None
            return hashlib.sha256(der).hexdigest()
        finally:
            connection.close()


def fingerprint(certificate: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


@contextmanager
def secure_server(folder: Path, pair: Pair, **http: object) -> Iterator[SecureServer]:
    tls = {"certificate": str(pair.certificate), "key": str(pair.key)}
    settings = {"http": {"tls": tls, **http}, "server": {"workers": 2}}
    server = SecureServer(folder, settings)
    try:
        yield server
    finally:
        server.stop()


def replace(pair: Pair, folder: Path, name: str) -> str:
    """Put another pair in a pair's place; gives the new certificate's fingerprint."""
    other = Pair.make(folder, name)
    os.replace(other.key, pair.key)
    os.replace(other.certificate, pair.certificate)
    return fingerprint(pair.certificate)


def wait_for(server: SecureServer, wanted: str, seconds: float) -> float:
    """Wait until new connections get a certificate, and keep getting it; gives the seconds."""
    began = time.monotonic()
    while server.certificate() != wanted:
        assert time.monotonic() - began < seconds, server.tail()
        time.sleep(0.05)
    return time.monotonic() - began


class Pusher(threading.Thread):
    """Pushes blobs on a kept connection, which it opens anew when the server closes it."""

    def __init__(self, server: SecureServer, number: int) -> None:
        super().__init__()
        self._server = server
        self._number = number
        self._stopping = threading.Event()
        self.pushed = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                with closing(self._server.connect()) as connection:
                    while not self._stopping.is_set() and self._push(connection):
                        self.pushed += 1
        except BaseException as error:
            self.failure = error

    def _push(self, connection: HTTPSConnection) -> bool:
        """Push one blob; tells whether the connection may be used again."""
        content = f"{self._number}/{self.pushed}".encode() * 2000
        digest = hashlib.sha256(content).hexdigest()
        path = f"/v2/replacing/{self._number}/blobs/uploads/?digest=sha256:{digest}"
        connection.request("POST", path, content)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 201, (response.status, body)
        return not response.will_close

    def finish(self) -> None:
        self._stopping.set()
        self.join(60)
        assert self.failure is None, self.failure


def slow_upload(server: SecureServer, content: bytes, seconds: float, done: list[object]) -> None:
    """Send a blob as one PATCH for so many seconds, then finish it."""
    connection = server.connect()
    try:
        connection.request("POST", "/v2/slow/blobs/uploads/")
        location = connection.getresponse()
        location.read()
        target = server.path(location.headers["location"])
        pieces = 40

        def trickle() -> Iterator[bytes]:
            size = -(-len(content) // pieces)
            for start in range(0, len(content), size):
                yield content[start : start + size]
                time.sleep(seconds / pieces)

        connection.request(
            "PATCH",
            target,
            trickle(),
            encode_chunked=True,
            headers={"Transfer-Encoding": "chunked"},
        )
        patched = connection.getresponse()
        patched.read()
        digest = hashlib.sha256(content).hexdigest()
        finish = server.path(patched.headers["location"])
        mark = "&" if "?" in finish else "?"
        answer = server.request("PUT", f"{finish}{mark}digest=sha256:{digest}")
        done.append((patched.status, answer.status))
    except BaseException as error:
        done.append(error)
    finally:
        connection.close()


def test_no_request_fails_while_certificates_are_replaced(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    with secure_server(tmp_path / "registry", pair, draintimeout="2s") as server:
        done: list[object] = []
        content = os.urandom(8_000_000)
        upload = threading.Thread(target=slow_upload, args=(server, content, 30, done))
        upload.start()
        pushers = [Pusher(server, number) for number in range(PUSHERS)]
        for pusher in pushers:
            pusher.start()
        taken = []
        for turn in range(4):
            wanted = replace(pair, tmp_path, f"turn-{turn}")
            taken.append(wait_for(server, wanted, 10))
            time.sleep(1)
        os.kill(server.pid, signal.SIGHUP)
        time.sleep(3)
        for pusher in pushers:
            pusher.finish()
        upload.join(60)
        assert max(taken) < 10
        # Far longer than http.draintimeout, on a connection with the first certificate.
        assert done == [(202, 201)]
        assert min(pusher.pushed for pusher in pushers) > 10
        print(f"{sum(pusher.pushed for pusher in pushers)} pushes; taken after {taken}")


@pytest.mark.parametrize(
    "breakage", ["half a certificate", "another's key", "no certificate", "no file", "expired"]
)
def test_a_broken_certificate_is_refused_and_the_old_one_stays(
    tmp_path: Path, breakage: str
) -> None:
    pair = Pair.make(tmp_path)
    debug = {"addr": "127.0.0.1:0", "prometheus": {"enabled": True}}
    with secure_server(tmp_path / "registry", pair, debug=debug) as server:
        good, certificate = fingerprint(pair.certificate), pair.certificate.read_bytes()
        if breakage == "half a certificate":
            pair.certificate.write_bytes(certificate[: len(certificate) // 2])
        elif breakage == "another's key":
            os.replace(Pair.make(tmp_path, "other").key, pair.key)
        elif breakage == "no certificate":
            pair.certificate.write_text("nothing\n")
        elif breakage == "no file":
            pair.certificate.unlink()
        else:
            old = Pair.make(tmp_path, "old", begins=-9, ends=-1)
            os.replace(old.key, pair.key)
            os.replace(old.certificate, pair.certificate)
        deadline = time.monotonic() + PATIENCE
        while "the new certificate was refused, the old one stays in use" not in server.log():
            assert time.monotonic() < deadline, server.tail()
            time.sleep(0.1)
        time.sleep(2)
        assert server.log().count("the new certificate was refused") == 1
        assert server.certificate() == good
        # A worker that is started now reads what its siblings read.
        os.kill(server.workers()[0], signal.SIGKILL)
        time.sleep(2)
        assert {server.certificate() for _ in range(8)} == {good}
        wait_for(server, replace(pair, tmp_path, "better"), 10)
