"""Mistakes in `auth.token` and its files are told when the configuration is read."""

import json
import time
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from entrepot.config.loader import load
from entrepot.config.problems import InvalidConfiguration
from tests.unit.services.tokens.forge import certificate, key_set, pem

EC = ec.generate_private_key(ec.SECP256R1())
NOW = int(time.time())
GOOD = pem(certificate(EC, begins=NOW - 9, ends=NOW + 99_999))
SECRET = json.dumps({"keys": [{"kty": "oct", "k": "A" * 64}]}).encode()
WEAK = rsa.generate_private_key(65537, 1024)


def read(folder: Path, section: dict[str, object], **files: bytes) -> list[str]:
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content)
        section[name] = str(path)
    token = {"realm": "https://auth.test/token", "service": "r", "issuer": "i", **section}
    file = folder / "config.yml"
    document = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder)}},
        "auth": {"token": token},
    }
    file.write_text(yaml.safe_dump(document))
    return list(load(file, {}).warnings)


def test_good_files_are_good(tmp_path: Path) -> None:
    assert read(tmp_path, {}, rootcertbundle=GOOD) == []
    assert read(tmp_path, {}, jwks=key_set(("k", EC.public_key()))) == []
    assert read(tmp_path, {"signingalgorithms": ["HS256"]}, jwks=SECRET) == []


def test_an_expired_certificate_is_told(tmp_path: Path) -> None:
    expired = pem(certificate(EC, begins=NOW - 99, ends=NOW - 9))
    (warning,) = read(tmp_path, {}, rootcertbundle=GOOD + expired)
    assert "certificate 2 has expired" in warning


@pytest.mark.parametrize(
    ("section", "files", "told"),
    [
        ({}, {}, "auth.token: found nothing, expected rootcertbundle or jwks"),
        ({"rootcertbundle": "/nowhere"}, {}, "'/nowhere': no such file or directory"),
        ({"jwks": "/"}, {}, "auth.token.jwks: found '/': is a directory"),
        ({}, {"rootcertbundle": b"x"}, "no certificates in PEM"),
        ({}, {"jwks": b"x"}, "no JSON Web Key Set"),
        ({}, {"jwks": key_set(("w", WEAK.public_key()))}, "key 1: an RSA key of 1024 bits"),
        ({}, {"jwks": b'{"keys": []}'}, "none at all"),
        ({}, {"jwks": SECRET}, "HS256, HS384, HS512 (a shared secret counts only where"),
        (
            {"signingalgorithms": ["RS256"]},
            {"rootcertbundle": GOOD},
            "signingalgorithms: found RS256, expected algorithms that a key of the files is for:"
            " ES256",
        ),
        ({"signingalgorithms": ["none"]}, {"rootcertbundle": GOOD}, "signingalgorithms[0]"),
        ({"signingalgorithms": "ES256"}, {"rootcertbundle": GOOD}, "signingalgorithms"),
        ({"realm": ""}, {"rootcertbundle": GOOD}, "auth.token.realm"),
        ({"autoredirectpath": "auth"}, {"rootcertbundle": GOOD}, "begins with a slash"),
        ({"autoredirect": "perhaps"}, {"rootcertbundle": GOOD}, "auth.token.autoredirect"),
    ],
)
def test_a_mistake_is_told(
    tmp_path: Path, section: dict[str, object], files: dict[str, bytes], told: str
) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        read(tmp_path, section, **files)
    said = [str(problem) for problem in caught.value.problems]
    assert any(told in one for one in said), said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lifetime", "10s"),
        ("lifetime", "2h"),
        ("lifetime", "soon"),
        ("rotation", "5m"),
        ("refreshlifetime", "-1h"),
        ("realm", "auth.test"),
        ("enabled", "perhaps"),
        ("services", "one"),
    ],
)
def test_a_mistake_in_the_token_server_is_told(tmp_path: Path, name: str, value: str) -> None:
    file = tmp_path / "config.yml"
    access = {"enabled": True, "token": {name: value}}
    storage = {"filesystem": {"rootdirectory": str(tmp_path)}}
    file.write_text(yaml.safe_dump({"version": 0.1, "storage": storage, "access": access}))
    with pytest.raises(InvalidConfiguration) as caught:
        load(file, {})
    assert f"access.token.{name}" in str(caught.value.problems[0])
