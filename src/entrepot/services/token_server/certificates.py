"""Keys of the token server, and certificates by which other registries trust them."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.tokens import Authority, SigningKey
from entrepot.services.tokens.key_names import public_jwk, thumbprint

_AUTHORITY_VALID = timedelta(days=30 * 365)
_KEY_VALID = timedelta(days=10 * 365)
_BEFORE = timedelta(days=1)  # for registries whose clock is behind


def load_private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a key that was made here.

    Raises:
        ValueError: it is none.
    """
    key = load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the database has a key that this program did not create")
    return key


def make_authority(now: int) -> Authority:
    """Make the root that certifies signing keys.

    Args:
        now: microseconds since 1970.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Entrepot token authority")
    certificate = (
        _draft(name, name, key.public_key(), now, _AUTHORITY_VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, SHA256())
    )
    return Authority(_write(key), certificate.public_bytes(Encoding.PEM))


def make_signing_key(authority: Authority, number: int, signs_from: int, now: int) -> SigningKey:
    """Make a key that signs tokens.

    Args:
        authority: certifies it.
        number: its place in the order of keys.
        signs_from: when it begins; microseconds since 1970.
        now: the same unit.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    root = x509.load_pem_x509_certificate(authority.certificate)
    kid = thumbprint(public_jwk(key.public_key()))
    certificate = (
        _draft(
            _name(f"Entrepot token key {number}"), root.subject, key.public_key(), now, _KEY_VALID
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .sign(load_private_key(authority.private_key), SHA256())
    )
    return SigningKey(number, kid, _write(key), certificate.public_bytes(Encoding.PEM), signs_from)


def _draft(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: int,
    valid: timedelta,
) -> x509.CertificateBuilder:
    moment = datetime.fromtimestamp(now // MICROSECONDS, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _BEFORE)
        .not_valid_after(moment + valid)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _write(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
