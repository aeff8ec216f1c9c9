"""Keys, certificates and tokens as a token server makes them, and as an attacker would."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.api_jws import PyJWS

from entrepot.config.token_auth import ASYMMETRIC
from entrepot.config.token_keys import PublicKey
from entrepot.drivers.watched_file import WatchedFile
from entrepot.ports.access import BearerCredentials, Caller
from entrepot.ports.clock import MICROSECONDS
from entrepot.services.tokens.external import ExternalTokens
from entrepot.services.tokens.key_names import public_jwk
from entrepot.services.tokens.trusted import TrustedKeys
from entrepot.services.tokens.verification import TokenVerifier

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
NOW = 1_790_000_000
ISSUER = "token server of the tests"
SERVICE = "registry.test"


class MovedClock:
    """A clock that goes when it is told to."""

    def __init__(self, seconds: float = NOW) -> None:
        self.seconds = seconds

    def now(self) -> int:
        return int(self.seconds * MICROSECONDS)


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that are good; a value of None leaves one out."""
    good = {
        "iss": ISSUER,
        "sub": "alice",
        "aud": SERVICE,
        "exp": NOW + 300,
        "nbf": NOW,
        "iat": NOW,
        "jti": "1",
        "access": [{"type": "repository", "name": "team/app", "actions": ["pull"]}],
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def sign(
    key: Any,
    content: dict[str, Any],
    algorithm: str,
    headers: dict[str, Any] | None = None,
) -> str:
    return jwt.encode(content, key, algorithm, headers)


def sign_raw(key: PrivateKey, header: dict[str, Any], payload: bytes) -> str:
    """Sign with ES256 under whatever header is wanted."""
    signed = f"{part(json.dumps(header).encode())}.{part(payload)}"
    algorithm = PyJWS().get_algorithm_by_name("ES256")
    return f"{signed}.{part(algorithm.sign(signed.encode(), key))}"


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def certificate(
    key: PrivateKey,
    name: str = "token server",
    issuer: tuple[str, PrivateKey] | None = None,
    *,
    ca: bool = False,
    path_length: int | None = None,
    usage: bool | None = None,
    begins: int = NOW - 86400,
    ends: int = NOW + 86400,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> x509.Certificate:
    """Certify a key, by itself unless an issuer is given; `usage` is keyCertSign."""
    issued_by, signing = issuer or (name, key)
    draft = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issued_by))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(begins, UTC))
        .not_valid_after(datetime.fromtimestamp(ends, UTC))
    )
    if ca:
        draft = draft.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), True)
    if usage is not None:
        draft = draft.add_extension(_usage(usage), True)
    for extension, critical in extensions:
        draft = draft.add_extension(extension, critical)
    hashing = None if isinstance(signing, ed25519.Ed25519PrivateKey) else SHA256()
    return draft.sign(signing, hashing)


def x5c(*certificates: x509.Certificate) -> dict[str, Any]:
    return {
        "x5c": [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in certificates]
    }


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def public_pem(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_set(*keys: tuple[str | None, PublicKey]) -> bytes:
    """A JSON Web Key Set with these names."""
    entries = [{**public_jwk(key), **({} if name is None else {"kid": name})} for name, key in keys]
    return json.dumps({"keys": entries}).encode()


class Guarded:
    """A registry's side of `auth.token`, on real files."""

    def __init__(
        self,
        folder: Path,
        *,
        bundle: bytes | None = None,
        keys: bytes | None = None,
        algorithms: Sequence[str] = ASYMMETRIC,
    ) -> None:
        self.bundle, self.keys = folder / "bundle.pem", folder / "keys.json"
        if bundle is not None:
            self.bundle.write_bytes(bundle)
        if keys is not None:
            self.keys.write_bytes(keys)
        self.clock = MovedClock()
        accepted = frozenset(algorithms)
        trusted = TrustedKeys(
            None if bundle is None else WatchedFile(self.bundle),
            None if keys is None else WatchedFile(self.keys),
            accepted,
            self.clock.seconds,
        )
        self.external = ExternalTokens(
            ISSUER, SERVICE, trusted, TokenVerifier(accepted), self.clock
        )

    async def let_in(self, token: str) -> Caller:
        return await self.external.authenticate(BearerCredentials(token))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _usage(key_cert_sign: bool) -> x509.KeyUsage:
    others = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
        **others,
    )
