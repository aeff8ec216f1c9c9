"""Reading PEM files strictly: half a file is no file."""

import re
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from entrepot.operations.tls.finding import UnusableFile

_LARGEST = 1 << 20
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_CERTIFICATE = re.compile(_BEGIN + rb"[^-]+-----END CERTIFICATE-----")
# Lines of the key have no such dashes: an end that is missing is not looked for in what follows.
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN ((?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY)-----"
    rb"(?:[^-]|-(?!----))++-----END \1-----"
)


def read(file: str) -> bytes:
    """Read a file of certificates or keys.

    Raises:
        UnusableFile: it cannot be read.
    """
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnusableFile(f"{file}: {reason}", "a PEM file that can be read") from error
    if len(content) > _LARGEST:
        raise UnusableFile(f"{file}: more than 1 MiB", "a PEM file")
    return content


def certificates(file: str, content: bytes) -> list[x509.Certificate]:
    """Take the certificates out of a file; other blocks and text between them are passed over.

    Args:
        file: its name, for errors.
        content: what is in it.

    Raises:
        UnusableFile: it has none, or one that cannot be read or is not whole.
    """
    blocks = _CERTIFICATE.findall(content)
    if len(blocks) != content.count(_BEGIN):
        raise UnusableFile(f"{file}: a truncated certificate", "whole certificates, PEM")
    if not blocks:
        raise UnusableFile(f"{file}: no certificate", "certificates in PEM form")
    try:
        return [x509.load_pem_x509_certificate(block) for block in blocks]
    except (ValueError, TypeError) as error:
        what = f"{file}: a certificate that cannot be read ({error})"
        raise UnusableFile(what, "certificates in PEM form") from error


def private_key_block(file: str, content: bytes) -> bytes:
    """Take the private key out of a file.

    Args:
        file: its name, for errors.
        content: what is in it.

    Raises:
        UnusableFile: it has none.
    """
    found = _PRIVATE_KEY.search(content)
    if found is None:
        broken = b"PRIVATE KEY-----" in content
        what = "a truncated private key" if broken else "no private key"
        raise UnusableFile(f"{file}: {what}", "a private key in PEM form")
    return found.group() + b"\n"


def to_pem(chain: list[x509.Certificate]) -> bytes:
    """Write certificates as PEM."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in chain)
