"""What the section ``http.tls`` says, and what it may not."""

from pathlib import Path

import pytest
import yaml

from entrepot.config.effective import effective
from entrepot.config.loader import load
from entrepot.config.problems import InvalidConfiguration

PAIR = {"certificate": "/c.crt", "key": "/c.key"}
ACME = {"cachefile": "/acme", "hosts": ["registry.example.com"]}


def write(folder: Path, tls: object) -> Path:
    file = folder / "config.yml"
    file.write_text(yaml.safe_dump({"version": 0.1, "storage": "inmemory", "http": {"tls": tls}}))
    return file


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ({"certificate": "/c.crt"}, "http.tls.key: found nothing, expected a file"),
        ({"key": "/c.key"}, "http.tls.certificate: found nothing, expected a file"),
        (PAIR | {"clientauth": "request-client-cert"}, "verifies every client certificate"),
        (PAIR | {"clientauth": "require-any-client-cert"}, "verifies every client certificate"),
        (PAIR | {"clientauth": "sometimes"}, "expected one of require-and-verify-client-cert"),
        (PAIR | {"clientcas": "/ca.pem"}, "http.tls.clientcas: found '/ca.pem', expected a list"),
        (PAIR | {"ciphersuites": ["TLS_NONE"]}, "that Docker Registry knows, not 'TLS_NONE'"),
        (PAIR | {"minimumtls": "tls1.1"}, "http.tls.minimumtls: found 'tls1.1', expected tls1.2"),
        (
            PAIR | {"keypassphrase": "secret", "keypassphrasefile": "/file"},
            "found a second passphrase",
        ),
        (PAIR | {"letsencrypt": ACME}, "found both kinds of certificates"),
        ({"letsencrypt": {"cachefile": "/acme"}}, "letsencrypt.hosts: found nothing"),
        ({"letsencrypt": {"hosts": ["a.example.com"]}}, "letsencrypt.cachefile: found nothing"),
        ({"letsencrypt": ACME | {"hosts": ["*.example.com"]}}, "a wildcard needs a challenge"),
        ({"letsencrypt": ACME | {"hosts": ["a/b"]}}, "names that DNS knows"),
        ({"letsencrypt": ACME | {"directoryurl": "example"}}, "letsencrypt.directoryurl: found"),
        ({"letsencrypt": ACME | {"listen": "80"}}, "letsencrypt.listen: found '80', expected HOST"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, tls: dict[str, object], words: str) -> None:
    file = write(tmp_path, tls)
    with pytest.raises(InvalidConfiguration) as refusal:
        load(file, {}, ())
    assert words in str(refusal.value)
    assert f"{file}:" in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ({"clientcas": ["/ca.pem"]}, "http.tls.clientcas has no effect: there is no"),
        (PAIR | {"clientauth": "verify-client-cert-if-given"}, "names no CA, so no client"),
        (PAIR | {"clientcas": ["/ca.pem"], "clientauth": "none"}, "http.tls.clientauth is none"),
        (
            PAIR | {"ciphersuites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]},
            "never served: TLS_RSA_WITH_AES_128_CBC_SHA",
        ),
    ],
)
def test_what_has_no_effect_is_told(tmp_path: Path, tls: dict[str, object], words: str) -> None:
    warnings = load(write(tmp_path, tls), {}, ()).warnings
    assert any(words in warning for warning in warnings), warnings


def test_a_passphrase_from_the_environment_is_never_shown(tmp_path: Path) -> None:
    environ = {"REGISTRY_HTTP_TLS_KEYPASSPHRASE": "correct horse"}
    settings = load(write(tmp_path, PAIR), environ, ()).settings
    assert settings.http.tls.keypassphrase == "correct horse"
    assert "correct horse" not in repr(settings)
    shown = effective(settings)["http"]["tls"]
    assert shown["keypassphrase"] == "********"
    file = load(write(tmp_path, PAIR | {"keypassphrasefile": "/run/p"}), {}, ()).settings
    assert effective(file)["http"]["tls"]["keypassphrasefile"] == "/run/p"


def test_acme_alone_makes_tls(tmp_path: Path) -> None:
    tls = load(write(tmp_path, {"letsencrypt": ACME}), {}, ()).settings.http.tls
    assert tls.enabled
    assert tls.letsencrypt.address.port == 80
    assert tls.letsencrypt.directoryurl.startswith("https://acme-v02.api.letsencrypt.org/")
