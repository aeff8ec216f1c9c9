"""What Granian is told of TLS, and what a start refuses."""

from pathlib import Path

import pytest

from entrepot.config import load
from entrepot.errors import ConfigurationError
from entrepot.operations.runtime_directory import RuntimeDirectory
from entrepot.server.tls import ServedTls
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


def test_workers_read_copies_that_nobody_else_can(tmp_path: Path) -> None:
    pair = Pair.make(tmp_path)
    arguments = open_tls(tmp_path, pair, "    minimumtls: tls1.3\n").arguments()
    for name in ("ssl_cert", "ssl_key"):
        assert arguments[name].is_relative_to(tmp_path / "runtime")
        assert arguments[name].stat().st_mode & 0o777 == 0o600
    assert arguments["ssl_cert"].read_bytes() == pair.certificate.read_bytes()
    assert b"BEGIN PRIVATE KEY" in arguments["ssl_key"].read_bytes()
    assert str(arguments["ssl_protocol_min"]) == "tls1.3"
    assert arguments["ssl_ca"] is None
    assert arguments["ssl_client_verify"] is False


@pytest.mark.parametrize(
    ("mode", "required"),
    [
        ("", True),
        ("    clientauth: require-and-verify-client-cert\n", True),
        ("    clientauth: verify-client-cert-if-given\n", False),
    ],
)
def test_clients_are_asked_for_certificates(tmp_path: Path, mode: str, required: bool) -> None:
    pair, authority = Pair.make(tmp_path), Pair.make(tmp_path, "ca", ca=True)
    more = f"    clientcas: [{authority.certificate}]\n{mode}"
    arguments = open_tls(tmp_path, pair, more).arguments()
    assert arguments["ssl_ca"].read_bytes() == authority.certificate.read_bytes()
    assert arguments["ssl_client_verify"] is required


def test_clients_are_not_asked_where_the_mode_says_so(tmp_path: Path) -> None:
    pair, authority = Pair.make(tmp_path), Pair.make(tmp_path, "ca", ca=True)
    more = f"    clientcas: [{authority.certificate}]\n    clientauth: none\n"
    assert open_tls(tmp_path, pair, more).arguments()["ssl_ca"] is None


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
