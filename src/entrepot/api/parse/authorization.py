"""The Authorization header (RFC 9110 section 11.6.2, RFC 7617, RFC 6750)."""

import binascii
import re
from collections.abc import Iterable

from entrepot.errors import Unauthenticated
from entrepot.ports.access import BasicCredentials, BearerCredentials, Credentials

_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_LONGEST_NAME = 255


def read_authorization(headers: Iterable[tuple[bytes, bytes]], address: str) -> Credentials | None:
    """Read the credentials of a request.

    Args:
        headers: of the request, names in lower case.
        address: of the client.

    Returns:
        None if there is no such header.

    Raises:
        Unauthenticated: it cannot be read; the message says why, without quoting it.
    """
    values = [value for name, value in headers if name == b"authorization"]
    if not values:
        return None
    if len(values) > 1:
        raise Unauthenticated("the request has more than one Authorization header")
    scheme, _, rest = values[0].decode("latin-1").partition(" ")
    kind, text = scheme.lower(), rest.strip(" ")
    if kind == "basic":
        return _basic(text, address)
    if kind == "bearer":
        if not _TOKEN68.fullmatch(text):
            raise Unauthenticated("the Authorization header has no valid token")
        return BearerCredentials(text, address)
    raise Unauthenticated("the Authorization header is neither Basic nor Bearer")


def _basic(text: str, address: str) -> BasicCredentials:
    try:
        raw = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise Unauthenticated("the Authorization header is not base64") from None
    try:
        pair = raw.decode()
    except UnicodeDecodeError:
        pair = raw.decode("latin-1")
    name, colon, secret = pair.partition(":")
    if not colon:
        raise Unauthenticated("the Authorization header has no colon after the name")
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        raise Unauthenticated("the Authorization header has an invalid name")
    return BasicCredentials(name, secret, address)
