"""Certificates in a token's `x5c`, followed to a root that is trusted (RFC 5280 section 6)."""

import base64
import binascii
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from entrepot.config.token_keys import Certificates

_LONGEST = 8
_WEAK = frozenset({"md5", "sha1"})
# What is looked at below, and what says nothing of whether a certificate may certify another.
_UNDERSTOOD = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.SubjectAlternativeName.oid,
        x509.CertificatePolicies.oid,
    }
)


def leaf_of_chain(encoded: object, roots: Certificates, now: float) -> x509.Certificate:
    """Give the certificate of the key that signed, when a root stands behind it.

    Args:
        encoded: the value of `x5c`: base64 of DER, the signer's first.
        roots: what is trusted.
        now: seconds since 1970.

    Raises:
        ValueError: it is no chain, or leads to no root.
    """
    if not isinstance(encoded, list) or not 0 < len(encoded) <= _LONGEST:
        raise ValueError(f"x5c is not a list of 1 to {_LONGEST} certificates")
    chain = [_read(entry) for entry in encoded]
    if not _is_valid(chain[0], now):
        raise ValueError("the certificate in x5c is not valid now")
    if not _leads_to_root(chain, roots, now):
        raise ValueError("the certificate in x5c leads to no trusted root")
    return chain[0]


def _read(entry: object) -> x509.Certificate:
    if not isinstance(entry, str):
        raise ValueError("x5c has something that is not text")
    try:
        return x509.load_der_x509_certificate(base64.b64decode(entry, validate=True))
    except (ValueError, binascii.Error):
        raise ValueError("x5c has something that is not a certificate") from None


def _leads_to_root(chain: list[x509.Certificate], roots: Certificates, now: float) -> bool:
    """Walk the chain, in which each certifies the one before (RFC 7515 section 4.1.6).

    From a root downwards, so that no signature is verified with a key that nobody trusts: a
    stranger chooses how long that takes.
    """
    for top, certificate in enumerate(chain):
        if certificate in roots or any(_certifies(root, certificate, now, top) for root in roots):
            links = zip(chain[1 : top + 1], chain[:top], range(top), strict=True)
            return all(
                _certifies(issuer, subject, now, below)
                for issuer, subject, below in reversed(list(links))
            )
    return False


def _certifies(issuer: x509.Certificate, subject: x509.Certificate, now: float, below: int) -> bool:
    """Tell whether one certifies another; `below` counts the CAs between that and the leaf."""
    if issuer.subject != subject.issuer or not _is_valid(issuer, now):
        return False
    if not _may_certify(issuer, below):
        return False
    algorithm = subject.signature_hash_algorithm
    if algorithm is not None and algorithm.name in _WEAK:
        return False
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _may_certify(issuer: x509.Certificate, below: int) -> bool:
    try:
        extensions = issuer.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if not basic.ca or (basic.path_length is not None and below > basic.path_length):
        return False
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _is_valid(certificate: x509.Certificate, now: float) -> bool:
    moment = datetime.fromtimestamp(now, UTC)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        return False
    try:
        return all(one.oid in _UNDERSTOOD or not one.critical for one in certificate.extensions)
    except ValueError:
        return False
