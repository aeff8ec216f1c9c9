"""If-None-Match and If-Range (RFC 9110 section 13)."""

import re

_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')


def matches_any(header: str, digest: str) -> bool:
    """Tell whether an If-None-Match header names a digest, or is `*`.

    Tags without quotes are taken too: some clients send the bare digest.
    """
    if header.strip() == "*":
        return True
    return any(digest in match.groups() for match in _TAG.finditer(header))


def may_send_range(header: str, digest: str) -> bool:
    """Tell whether an If-Range header, which must be a strong tag, names a digest.

    A date never does: blobs have none.
    """
    return header.strip() in (f'"{digest}"', digest)
