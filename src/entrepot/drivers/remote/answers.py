"""What an answer's status and headers say; all of it is a stranger's text, and bounded."""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from entrepot.errors import (
    InvalidDigest,
    UnknownUpstreamContent,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.oci.digest import Digest
from entrepot.ports.upstream import RateLimit

Headers = Mapping[str, str]

LONGEST_WAIT = 24 * 3600
"""Seconds; nobody is waited for longer than this, whatever Retry-After says."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_LIMIT = re.compile(r"[ \t]*([0-9]{1,9})[ \t]*(?:;[ \t]*w=([0-9]{1,9}))?")
_RANGE = re.compile(r"bytes[ \t]+([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
_CODE = re.compile(rb'"code"[ \t\r\n]{0,16}:[ \t\r\n]{0,16}"([A-Z_]{1,64})"')
_LONGEST_DATE = 64
_LONGEST_TYPE = 255


def error_of(status: int, headers: Headers, body: bytes, host: str, what: str) -> Exception:
    """Give the error that an answer stands for.

    Args:
        status: of the answer; not one of success.
        headers: of the answer.
        body: its first bytes; only the code of an error is taken from it.
        host: that has answered.
        what: was asked for, such as `the manifest of library/alpine:3.20`.
    """
    code = _CODE.search(body)
    reason = f"{status} {code[1].decode()}" if code is not None else str(status)
    if status == 404:
        return UnknownUpstreamContent(f"{host} does not have {what}")
    if status in {401, 403}:
        return UpstreamDenied(
            f"{host} denies {what} ({reason}): it does not exist, "
            "or the credentials for this registry do not allow it"
        )
    if status == 429:
        seconds = retry_after(headers)
        told = "" if seconds is None else f"; it asks to wait {seconds} s"
        return UpstreamBusy(f"{host} limits requests and refuses {what} ({reason}){told}", seconds)
    if status >= 500 or status == 408:
        return UpstreamOutage(f"{host} failed to answer for {what} ({reason}); try again later")
    return UpstreamFault(f"{host} gave an unexpected answer for {what} ({reason})")


def retry_after(headers: Headers) -> int | None:
    """Read Retry-After, as seconds or as a date (RFC 9110 section 10.2.3).

    Returns:
        Seconds from now, at most LONGEST_WAIT; None where it is not told.
    """
    text = headers.get("Retry-After", "").strip()
    if _NUMBER.fullmatch(text):
        return min(int(text), LONGEST_WAIT)
    date = _parse_date(text)
    if date is None:
        return None
    # By the other side's clock, for ours may be wrong.
    now = _parse_date(headers.get("Date", "")) or time.time()
    return min(max(0, round(date - now)), LONGEST_WAIT)


def _parse_date(text: str) -> float | None:
    if not text or len(text) > _LONGEST_DATE:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def rate_limit(headers: Headers) -> RateLimit | None:
    """Read `ratelimit-limit: 100;w=21600` and `ratelimit-remaining`, as Docker Hub sends them."""
    limit = _LIMIT.fullmatch(headers.get("RateLimit-Limit", ""))
    remaining = _LIMIT.fullmatch(headers.get("RateLimit-Remaining", ""))
    if limit is None or remaining is None:
        return None
    return RateLimit(int(limit[1]), int(remaining[1]), int(limit[2] or remaining[2] or 0))


def content_length(headers: Headers) -> int | None:
    """Read Content-Length; None where there is none."""
    text = headers.get("Content-Length", "")
    return int(text) if _NUMBER.fullmatch(text) else None


def content_range(headers: Headers, host: str) -> tuple[int, int, int | None]:
    """Read the Content-Range of a 206 answer (RFC 9110 section 14.4).

    Returns:
        The first and the last position, and the size of the whole; None where it is not told.

    Raises:
        UpstreamFault: there is none, or it contradicts itself.
    """
    match = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if match is not None:
        first, last = int(match[1]), int(match[2])
        size = None if match[3] == "*" else int(match[3])
        if first <= last and (size is None or last < size):
            return first, last, size
    raise UpstreamFault(f"{host} answered 206 without a valid Content-Range")


def content_digest(headers: Headers) -> Digest | None:
    """Read Docker-Content-Digest; None where there is none that we support."""
    text = headers.get("Docker-Content-Digest", "").strip()
    if not text or len(text) > _LONGEST_TYPE:
        return None
    try:
        return Digest.parse(text)
    except InvalidDigest:
        return None


def content_type(headers: Headers) -> str:
    """Give the Content-Type as it was sent, or nothing in place of one that is too long."""
    text = headers.get("Content-Type", "")
    return text if len(text) <= _LONGEST_TYPE and text.isascii() and text.isprintable() else ""


def next_page(headers: Headers) -> str:
    """Give the target of `Link: <…>; rel="next"` (RFC 8288); empty where there is none."""
    text = headers.get("Link", "")
    begin = text.find("<")
    end = text.find(">", begin + 1)
    if begin < 0 or end < 0:
        return ""
    parameters = text[end + 1 :].partition("<")[0].lower().replace(" ", "")
    is_next = 'rel="next"' in parameters or "rel=next" in parameters
    return text[begin + 1 : end].strip() if is_next else ""
