"""Certificates and keys of every kind, good and bad, for tests."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

PKCS8, TRADITIONAL = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


def key_pem(key: Any, form: PrivateFormat = PKCS8, passphrase: str | None = None) -> bytes:
    """Write a private key in a form, open or encrypted."""
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        encryption = BestAvailableEncryption(passphrase.encode())
    written: bytes = key.private_bytes(Encoding.PEM, form, encryption)
    return written


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files.

    Args:
        certificate: of the certificate.
        key: of its private key.
    """

    certificate: Path
    key: Path

    @classmethod
    def make(
        cls,
        folder: Path,
        name: str = "server",
        *,
        private: Any = None,
        hosts: Sequence[str] = ("registry.example.com", "127.0.0.1"),
        begins: float = -1,
        ends: float = 90,
        ca: bool | None = False,
        issuer: "Pair | None" = None,
        signing: Any = None,
    ) -> Self:
        """Make a certificate and its key.

        Args:
            folder: where the files go.
            name: of the files, and the certificate's own.
            private: the key; None makes one (ECDSA over P-256).
            hosts: of the SAN extension; none leaves it out.
            begins: days from now until it is valid.
            ends: days from now until it expires.
            ca: of the basic constraints; None leaves them out.
            issuer: who signs it; None is the certificate itself.
            signing: the issuer's key.
        """
        private = private or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        by = subject
        if issuer is not None:
            by = x509.load_pem_x509_certificate(issuer.certificate.read_bytes()).subject
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begins))
            .not_valid_after(now + timedelta(days=ends))
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False
            )
        if ca is not None:
            constraints = x509.BasicConstraints(ca=ca, path_length=None)
            builder = builder.add_extension(constraints, critical=True)
        signer = signing or private
        algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        pair = cls(folder / f"{name}.crt", folder / f"{name}.key")
        pair.certificate.write_bytes(builder.sign(signer, algorithm).public_bytes(Encoding.PEM))
        pair.key.write_bytes(key_pem(private))
        pair.key.chmod(0o600)
        return pair


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
