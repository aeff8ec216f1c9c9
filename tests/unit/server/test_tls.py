"""What workers read of TLS, and what a start refuses."""

import ssl
from pathlib import Path

import pytest

from entrepot.config import load
from entrepot.errors import ConfigurationError
from entrepot.operations.runtime_directory import RuntimeDirectory
from entrepot.operations.tls.generations import newest
from entrepot.server.tls import ServedTls
from entrepot.server.worker_tls import WorkerTls
from tests.unit.operations.tls.pairs import Pair

CONFIGURATION = """
version: 0.1
storage: inmemory
http:
  tls:
    certificate: {certificate}
    key: {key}
"""


def open_tls(folder: Path, pair: Pair, more: str = "") -> ServedTls:
    file = folder / "config.yml"
    text = CONFIGURATION.format(certificate=pair.certificate, key=pair.key) + more
    file.write_text(text)
    runtime = folder / "runtime"
    runtime.mkdir()
    return ServedTls.open(load(file, {}), RuntimeDirectory(runtime))


def context(folder: Path, pair: Pair, more: str = "") -> ssl.SSLContext:
    """Give what a worker of such a start handshakes with."""
    open_tls(folder, pair, more)
    settings = load(folder / "config.yml", {}).settings
    return WorkerTls(settings.http.tls, folder / "runtime").context


def test_workers_read_copies_that_nobody_else_can(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    open_tls(tmp_path, pair)
    files = newest(tmp_path / "runtime")
    for file in (files.certificate, files.key):
        assert file.is_relative_to(tmp_path / "runtime")
        assert file.stat().st_mode & 0o777 == 0o600
    assert files.certificate.read_bytes() == pair.certificate.read_bytes()
    assert b"BEGIN PRIVATE KEY" in files.key.read_bytes()
    assert files.client_cas is None


@pytest.mark.parametrize(
    ("more", "mode"),
    [
        ("", ssl.CERT_REQUIRED),
        ("    clientauth: require-and-verify-client-cert\n", ssl.CERT_REQUIRED),
        ("    clientauth: verify-client-cert-if-given\n", ssl.CERT_OPTIONAL),
        ("    clientauth: none\n", ssl.CERT_NONE),
    ],
)
def test_clients_are_asked_for_certificates(
    tmp_path: Path, more: str, mode: ssl.VerifyMode
) -> None:
    pair, authority = Pair.make(tmp_path), Pair.make(tmp_path, "ca", ca=True)
    made = context(tmp_path, pair, f"    clientcas: [{authority.certificate}]\n{more}")
    assert made.verify_mode == mode
    trusted = made.get_ca_certs(binary_form=True)
    expected = ssl.PEM_cert_to_DER_cert(authority.certificate.read_text())
    assert trusted == ([expected] if mode != ssl.CERT_NONE else [])


@pytest.mark.parametrize(
    ("more", "suites"),
    [
        (
            "",
            {
                "ECDHE-ECDSA-AES256-GCM-SHA384",
                "ECDHE-ECDSA-AES128-GCM-SHA256",
                "ECDHE-ECDSA-CHACHA20-POLY1305",
                "ECDHE-RSA-AES256-GCM-SHA384",
                "ECDHE-RSA-AES128-GCM-SHA256",
                "ECDHE-RSA-CHACHA20-POLY1305",
            },
        ),
        (
            "    ciphersuites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n",
            {"ECDHE-ECDSA-AES128-GCM-SHA256"},
        ),
    ],
)
def test_suites_of_tls_1_2_are_those_that_are_asked_for(
    tmp_path: Path, more: str, suites: set[str]
) -> None:
    made = context(tmp_path, Pair.make(tmp_path), more)
    served = {one["name"] for one in made.get_ciphers()}
    assert {name for name in served if not name.startswith("TLS_")} == suites
    assert len(served) == len(suites) + 3


def test_a_ca_that_goes_is_noticed_and_one_that_comes_is_not(tmp_path: Path) -> None:
    one, two = Pair.make(tmp_path, "one", ca=True), Pair.make(tmp_path, "two", ca=True)
    authorities = tmp_path / "cas.pem"
    authorities.write_bytes(one.certificate.read_bytes())
    served = open_tls(tmp_path, Pair.make(tmp_path), f"    clientcas: [{authorities}]\n")
    settings = load(tmp_path / "config.yml", {}).settings
    worker = WorkerTls(settings.http.tls, tmp_path / "runtime")
    for trusted, removed in (((one, two), False), ((two,), True), ((two,), False)):
        authorities.write_bytes(b"".join(ca.certificate.read_bytes() for ca in trusted))
        before = worker.context
        served.reload()
        assert worker.reload() is removed
        assert worker.context is not before
        assert len(worker.context.get_ca_certs()) == len(trusted)


def test_a_key_of_another_certificate_is_refused_with_its_line(tmp_path: Path) -> None:
    pair, other = Pair.make(tmp_path), Pair.make(tmp_path, "other")
    with pytest.raises(ConfigurationError, match=r"config\.yml:6: .*does not belong to the key"):
        open_tls(tmp_path, Pair(pair.certificate, other.key))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    pair.key.unlink()
    with pytest.raises(ConfigurationError, match=r"yml:7: http\.tls\.key: found .*no such file"):
        open_tls(tmp_path, pair)


def test_an_expired_certificate_is_served_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_tls(tmp_path, Pair.make(tmp_path, begins=-9, ends=-2))
    assert "which expired on" in caplog.text
