"""Tokens that another program has signed: openssl, with keys of its own making."""

import asyncio
import base64
import json
import subprocess
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.unit.services.tokens.forge import Guarded, claims, part


def openssl(*arguments: str | Path, stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["openssl", *map(str, arguments)], input=stdin, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("algorithm", "making", "signing"),
    [
        ("RS256", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["-sha256"]),
        ("RS512", ["RSA", "-pkeyopt", "rsa_keygen_bits:3072"], ["-sha512"]),
        (
            "PS256",
            ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"],
        ),
        ("ES256", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha256"]),
        ("ES384", ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-sha384"]),
    ],
)
def test_a_token_signed_with_openssl_is_good(
    tmp_path: Path, algorithm: str, making: list[str], signing: list[str]
) -> None:
    key, bundle = tmp_path / "key.pem", tmp_path / "own.pem"
    openssl("genpkey", "-algorithm", *making, "-out", key)
    openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=auth", "-days", "9", "-out", bundle)
    certificate = openssl("x509", "-in", bundle, "-outform", "DER")
    header = {"typ": "JWT", "alg": algorithm, "x5c": [_base64(certificate)]}
    registry = Guarded(tmp_path, bundle=bundle.read_bytes())
    registry.clock.seconds = _now()
    content = claims(exp=_now() + 300, nbf=_now())
    body = f"{part(json.dumps(header).encode())}.{part(json.dumps(content).encode())}"
    signature = openssl("dgst", *signing, "-sign", key, stdin=body.encode())
    if algorithm.startswith("ES"):
        signature = _joined(signature, 32 if algorithm == "ES256" else 48)
    caller = asyncio.run(registry.let_in(f"{body}.{part(signature)}"))
    assert caller.name == "alice"


def test_the_name_of_a_key_is_what_libtrust_made_of_it_with_openssl(tmp_path: Path) -> None:
    """`openssl … | sha256 | base32`, as in Docker Registry's own documentation of kid."""
    key = tmp_path / "key.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    der = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    digest = openssl("dgst", "-sha256", "-binary", stdin=der)
    text = subprocess.run(
        ["base32", "--wrap=0"], input=digest[:30], capture_output=True, check=True
    ).stdout.decode()
    kid = ":".join(text[at : at + 4] for at in range(0, 48, 4))
    bundle = tmp_path / "own.pem"
    openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=auth", "-days", "9", "-out", bundle)
    registry = Guarded(tmp_path, bundle=bundle.read_bytes())
    registry.clock.seconds = _now()
    header = {"alg": "ES256", "kid": kid}
    content = claims(exp=_now() + 300, nbf=_now())
    body = f"{part(json.dumps(header).encode())}.{part(json.dumps(content).encode())}"
    signature = _joined(openssl("dgst", "-sha256", "-sign", key, stdin=body.encode()), 32)
    assert asyncio.run(registry.let_in(f"{body}.{part(signature)}")).name == "alice"


def _joined(signature: bytes, size: int) -> bytes:
    """From openssl's form of a signature to that of tokens."""
    return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(signature))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _now() -> int:
    return int(time.time())
