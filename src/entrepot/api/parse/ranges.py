"""Byte ranges, and conditional requests."""

import re

from entrepot.errors import InvalidRequest

_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')

MAX_OFFSET = 2**63 - 1

_ONE_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.ASCII | re.IGNORECASE)
_CONTENT_RANGE = re.compile(r"(?:bytes[ =])?\s*(\d+)-(\d+)(?:/(?:\d+|\*))?", re.ASCII)


def matches_any(header: str, digest: str) -> bool:
    """Tell whether an If-None-Match header names a digest, or is `*`.

    Tags without quotes are accepted, too: some clients send the bare digest.
    """
    if header.strip() == "*":
        return True
    return any(digest in match.groups() for match in _TAG.finditer(header))


def may_send_range(header: str, digest: str) -> bool:
    """Tell whether an If-Range header, which must be a strong tag, names a digest.

    A date never does: blobs have no date.
    """
    return header.strip() in (f'"{digest}"', digest)


class Unsatisfiable(Exception):
    """The range lies outside the content."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Read a Range header.

    Args:
        header: its value.
        size: bytes of the content.

    Returns:
        The first byte and the one after the last; None to send the whole content: for another
        unit, several ranges, or a range that cannot be read (RFC 9110 section 14.2).

    Raises:
        Unsatisfiable: the range lies outside the content.
    """
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first_text, last_text = match.groups()
    if not first_text:
        return _parse_suffix(last_text, size)
    first = _number(first_text)
    last = _number(last_text) if last_text else size - 1
    if last_text and last < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return first, min(last, size - 1) + 1


def _parse_suffix(text: str, size: int) -> tuple[int, int] | None:
    if not text:
        return None
    length = _number(text)
    if length == 0 or size == 0:
        raise Unsatisfiable
    return max(0, size - length), size


def parse_content_range(header: str) -> tuple[int, int]:
    """Read the Content-Range of a chunk, such as `0-1023` or `bytes 0-1023/2048`.

    Returns:
        The first byte and the one after the last.

    Raises:
        InvalidRequest: it cannot be read.
    """
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is not None:
        first, last = _number(match[1]), _number(match[2])
        if first <= last < MAX_OFFSET:
            return first, last + 1
    raise InvalidRequest(
        "expected a Content-Range FIRST-LAST, both counted from 0, such as 0-1023",
        {"Content-Range": header[:100]},
    )


def _number(digits: str) -> int:
    # No content is that long, and int() refuses thousands of digits.
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= 19 else MAX_OFFSET
