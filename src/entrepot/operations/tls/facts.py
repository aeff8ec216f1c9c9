"""What matters of a certificate, without the library's own objects."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from entrepot.operations.tls.private_key import public_bytes


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A certificate that is in use.

    Args:
        file: where it was read.
        subject: as RFC 4514 writes it.
        begins: when it becomes valid.
        ends: when it expires.
    """

    file: str
    subject: str
    begins: datetime
    ends: datetime

    def days_left(self, now: datetime) -> float:
        """Tell how many days it is still valid; negative afterwards."""
        return (self.ends - now).total_seconds() / 86400


def facts(file: str, certificate: x509.Certificate) -> CertificateFacts:
    """Take the facts out of a certificate."""
    return CertificateFacts(
        file,
        subject(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def subject(certificate: x509.Certificate) -> str:
    """Name a certificate."""
    return certificate.subject.rfc4514_string() or f"serial {certificate.serial_number:x}"


def key_kind(certificate: x509.Certificate) -> str:
    """Tell which TLS 1.2 suites go with a certificate: ``RSA`` or ``ECDSA``."""
    return "RSA" if isinstance(certificate.public_key(), rsa.RSAPublicKey) else "ECDSA"


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate vouches for itself."""
    return certificate.subject == certificate.issuer


def is_ca(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate may sign others."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return bool(constraints.value.ca)


def may_serve(certificate: x509.Certificate) -> bool:
    """Tell whether clients take a certificate as a server's."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return True
    allowed = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    return any(purpose in allowed for purpose in usage)


def names(certificate: x509.Certificate) -> list[str]:
    """List the hosts that a certificate is for: names and addresses of its SAN extension."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    addresses = [str(one) for one in found.get_values_for_type(x509.IPAddress)]
    return [*found.get_values_for_type(x509.DNSName), *addresses]


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Tell whether a certificate is for a host, as clients look at it: the SAN extension alone.

    Args:
        certificate: a server's.
        host: a name or an address.
    """
    host = host.lower().rstrip(".")
    try:
        host = str(ipaddress.ip_address(host))
    except ValueError:
        wildcard = f"*.{host.partition('.')[2]}"
        return any(name.lower() in (host, wildcard) for name in names(certificate))
    return host in names(certificate)


def belongs_to(certificate: x509.Certificate, key: object) -> bool:
    """Tell whether a certificate and a private key are two halves of one pair."""
    return public_bytes(certificate) == public_bytes(key)
