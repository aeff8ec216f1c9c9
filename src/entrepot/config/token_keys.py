"""Files of keys that sign tokens: what may be in them, and what each key may sign with.

Imported only where there are tokens: cryptography and PyJWT take a moment.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_SECRET = frozenset({"HS256", "HS384", "HS512"})
_LEAST_RSA_BITS = 2048
_LEAST_SECRET_BYTES = 32
_READERS: Mapping[str, type[RSAAlgorithm | ECAlgorithm | OKPAlgorithm | HMACAlgorithm]] = {
    "RSA": RSAAlgorithm,
    "EC": ECAlgorithm,
    "OKP": OKPAlgorithm,
    "oct": HMACAlgorithm,
}

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
Certificates: TypeAlias = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key and what it may sign with: a token never chooses that.

    Attributes:
        key: a public key, or the bytes of a shared secret.
        algorithms: those that fit the key.
        valid_from: seconds since 1970; only the key of a certificate has it.
        valid_until: the same.
    """

    key: PublicKey | bytes = field(repr=False)
    algorithms: frozenset[str]
    valid_from: float = -math.inf
    valid_until: float = math.inf

    def is_valid(self, now: float) -> bool:
        """Tell whether it may sign at a moment, in seconds since 1970."""
        return self.valid_from <= now <= self.valid_until


def trust_public_key(key: object) -> TrustedKey:
    """Find out what a public key may sign with.

    Raises:
        ValueError: it signs no tokens, or is too weak.
    """
    if isinstance(key, RSAPublicKey):
        if key.key_size < _LEAST_RSA_BITS:
            raise ValueError(
                f"an RSA key of {key.key_size} bits is too weak; at least 2048 are needed"
            )
        return TrustedKey(key, _RSA)
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return TrustedKey(key, frozenset({_CURVES[key.curve.name]}))
    if isinstance(key, Ed25519PublicKey):
        return TrustedKey(key, frozenset({"EdDSA"}))
    raise ValueError("tokens are not signed with keys of this kind")


def trust_certificate(certificate: x509.Certificate) -> TrustedKey:
    """Find out what the key of a certificate may sign with, and when.

    Raises:
        ValueError: it signs no tokens, or is too weak.
    """
    return replace(
        trust_public_key(certificate.public_key()),
        valid_from=certificate.not_valid_before_utc.timestamp(),
        valid_until=certificate.not_valid_after_utc.timestamp(),
    )


def read_certificates(content: bytes) -> Certificates:
    """Read a bundle of certificates, PEM.

    Raises:
        ValueError: there is none in it, or one that cannot be used; the message says which.
    """
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise ValueError(f"no certificates in PEM ({error})") from None
    for number, certificate in enumerate(certificates, 1):
        try:
            trust_public_key(certificate.public_key())
        except (ValueError, TypeError) as error:
            raise ValueError(f"certificate {number}: {error}") from None
    return tuple(certificates)


def read_key_set(content: bytes) -> list[tuple[str | None, TrustedKey]]:
    """Read a JSON Web Key Set: each key with the name that the set gives it.

    Keys of kinds that nobody here knows, and keys for encryption, are passed over (RFC 7517
    section 5).

    Raises:
        ValueError: it is none, or a key in it cannot be used; the message says which.
    """
    try:
        entries = json.loads(content)["keys"]
        if not isinstance(entries, list):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError('no JSON Web Key Set: {"keys": [...]}') from None
    keys = []
    for number, entry in enumerate(entries, 1):
        try:
            keys += _read_key(entry)
        except (ValueError, InvalidKeyError, KeyError, TypeError) as error:
            raise ValueError(f"key {number}: {error}") from None
    return keys


def _read_key(entry: Any) -> list[tuple[str | None, TrustedKey]]:
    if not isinstance(entry, dict):
        raise ValueError("no JSON Web Key")
    kind, name = entry.get("kty"), entry.get("kid")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or entry.get("use", "sig") != "sig":
        return []
    if name is not None and not isinstance(name, str):
        raise ValueError("its kid is not text")
    key: Any = reader.from_jwk(entry)
    if isinstance(key, bytes):
        if len(key) < _LEAST_SECRET_BYTES:
            raise ValueError("a shared secret of less than 32 bytes is too weak")
        trusted = TrustedKey(key, _SECRET)
    else:
        # Somebody may have put the private key there.
        trusted = trust_public_key(key.public_key() if hasattr(key, "public_key") else key)
    algorithm = entry.get("alg")
    if isinstance(algorithm, str):
        trusted = TrustedKey(trusted.key, trusted.algorithms & {algorithm})
    return [(name, trusted)]
