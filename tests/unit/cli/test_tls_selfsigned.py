"""`entrepot tls selfsigned`: files, and commands that are what they say."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from entrepot.config.tls import TlsSettings
from entrepot.operations.tls.facts import names
from entrepot.operations.tls.material import inspect

PROGRAM = Path(sys.executable).with_name("entrepot")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), "tls", "selfsigned", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_it_writes_can_be_served_and_trusted(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    hosts = ("registry.example.com", "10.0.0.5", "2001:db8::5")
    done = run(*(f"--host={host}" for host in hosts), "--out", out, "--days", 30)
    assert done.returncode == 0, done.stderr
    certificate, key = out / "registry.crt", out / "registry.key"
    assert key.stat().st_mode & 0o777 == 0o600
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert names(made) == ["registry.example.com", "10.0.0.5", "2001:db8::5"]
    assert ssl.create_default_context(cafile=certificate).get_ca_certs()
    settings = TlsSettings(certificate=str(certificate), key=str(key))
    inspection = inspect(settings, "https://registry.example.com:5000")
    assert inspection.findings == ()
    assert [warning for warning in inspection.warnings if "self-signed" not in warning] == []
    for path in ("/etc/docker/certs.d/", "/etc/containers/certs.d/", "/etc/containerd/certs.d/"):
        for address in ("registry.example.com:5000", "10.0.0.5:5000", "[2001:db8::5]:5000"):
            assert f"mkdir -p {path}{address}\n" in done.stdout
    assert "PRIVATE KEY" not in done.stdout + done.stderr


def test_files_that_are_there_are_kept(tmp_path: Path) -> None:
    assert run("--host", "a", "--out", tmp_path).returncode == 0
    before = (tmp_path / "registry.key").read_bytes()
    again = run("--host", "a", "--out", tmp_path)
    assert again.returncode == 1
    assert "registry.key exists; --force replaces it" in again.stderr
    assert (tmp_path / "registry.key").read_bytes() == before
    assert run("--host", "a", "--out", tmp_path, "--force").returncode == 0
    assert (tmp_path / "registry.key").read_bytes() != before


@pytest.mark.parametrize("host", ["", "a:5000", "https://a", "a b", "a..b", "-a"])
def test_what_is_no_host_is_refused(tmp_path: Path, host: str) -> None:
    done = run(f"--host={host}", "--out", tmp_path)
    assert done.returncode == 2
    assert "neither a name" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_default_port_is_not_named(tmp_path: Path) -> None:
    said = run("--host", "a.example.com", "--port", 443, "--out", tmp_path).stdout
    assert "mkdir -p /etc/docker/certs.d/a.example.com\n" in said
