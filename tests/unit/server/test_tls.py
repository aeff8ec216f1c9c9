import subprocess
from pathlib import Path

import pytest

from entrepot.config.tls import TlsSettings
from entrepot.errors import ConfigurationError
from entrepot.server.tls import tls_arguments


def make_pair(folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
    subprocess.run(
        [*command.split(), "-subj", f"/CN={name}", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate, key


def tls(certificate: Path, key: Path, minimum: str = "tls1.2") -> TlsSettings:
    return TlsSettings(certificate=str(certificate), key=str(key), minimumtls=minimum)


def test_without_a_certificate_there_is_no_tls() -> None:
    assert tls_arguments(TlsSettings()) == {}


def test_a_pair_is_handed_on(tmp_path: Path) -> None:
    certificate, key = make_pair(tmp_path, "a")
    arguments = tls_arguments(tls(certificate, key, "tls1.3"))
    assert arguments["ssl_cert"] == certificate
    assert arguments["ssl_key"] == key
    assert str(arguments["ssl_protocol_min"]) == "tls1.3"


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    certificate, _ = make_pair(tmp_path, "a")
    _, key = make_pair(tmp_path, "b")
    with pytest.raises(ConfigurationError, match="cannot be used together"):
        tls_arguments(tls(certificate, key))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    certificate, key = make_pair(tmp_path, "a")
    key.unlink()
    with pytest.raises(ConfigurationError, match=r"http\.tls\.key: .*a\.key cannot be read"):
        tls_arguments(tls(certificate, key))


def test_an_old_form_of_key_is_refused_with_the_command_that_converts_it(tmp_path: Path) -> None:
    certificate, key = make_pair(tmp_path, "a")
    old = tmp_path / "old.key"
    subprocess.run(["openssl", "ec", "-in", key, "-out", old], check=True, capture_output=True)
    with pytest.raises(ConfigurationError, match="openssl pkcs8 -topk8"):
        tls_arguments(tls(certificate, old))
