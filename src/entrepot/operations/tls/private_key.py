"""Private keys: from any form that people have, to the one that the workers read (PKCS#8)."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from entrepot.operations.tls.finding import UnusableFile
from entrepot.operations.tls.pem import private_key_block

ServedKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_EXPECTED = "RSA of 2048 to 8192 bits, ECDSA over P-256 or P-384, or Ed25519"


def read_passphrase(file: str) -> str:
    """Read the first line of a file.

    Raises:
        UnusableFile: it cannot be read, or is empty.
    """
    expected = "a file whose first line is the passphrase"
    try:
        with Path(file).open(encoding="utf-8") as opened:
            line = opened.readline().rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        reason = error.strerror or "" if isinstance(error, OSError) else "no text"
        raise UnusableFile(f"{file}: {reason.lower()}", expected) from error
    if not line:
        raise UnusableFile(f"{file}: an empty line", expected)
    return line


def load_private_key(file: str, content: bytes, passphrase: str | None) -> ServedKey:
    """Read a private key: PKCS#1, SEC1 or PKCS#8, encrypted or not.

    Args:
        file: its name, for errors; the passphrase is in none of them.
        content: what is in it.
        passphrase: opens an encrypted key; an open key is read without it.

    Raises:
        UnusableFile: it cannot be read, opened, or served.
    """
    block = private_key_block(file, content)
    encrypted = b"ENCRYPTED" in block
    if encrypted and passphrase is None:
        expected = "http.tls.keypassphrasefile with what opens it"
        raise UnusableFile(f"{file}: an encrypted key", expected)
    secret = passphrase.encode() if encrypted and passphrase is not None else None
    try:
        key = load_pem_private_key(block, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if encrypted:
            what, expected = "an encrypted key that the passphrase does not open", "its passphrase"
        else:
            what, expected = "a private key that cannot be read", "PKCS#1, SEC1 or PKCS#8"
        raise UnusableFile(f"{file}: {what}", expected) from error
    if isinstance(key, rsa.RSAPrivateKey):
        if 2048 <= key.key_size <= 8192:
            return key
        raise UnusableFile(f"{file}: an RSA key of {key.key_size} bits", _EXPECTED)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.name in ("secp256r1", "secp384r1"):
            return key
        raise UnusableFile(f"{file}: an ECDSA key over {key.curve.name}", _EXPECTED)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise UnusableFile(f"{file}: {type(key).__name__.removeprefix('_')}", _EXPECTED)


def to_pkcs8(key: ServedKey) -> bytes:
    """Write a key as PKCS#8, open."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_bytes(key: object) -> bytes:
    """Write the public half of a private key, or a certificate's, so that two can be compared."""
    public = key.public_key()  # type: ignore[attr-defined]  # every kind of both has it
    written: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return written
