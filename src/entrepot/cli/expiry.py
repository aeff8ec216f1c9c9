"""Expiry times, as people write them."""

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from entrepot.cli.tables import MICROSECONDS
from entrepot.config.durations import parse_duration

_DAYS = re.compile(r"[0-9]{1,5}d", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-", re.ASCII)
_EXPECTED = "a time such as 90d, 12h, 2027-01-31 (00:00 UTC), or never"

Expires = Annotated[
    str, typer.Option("--expires", metavar="WHEN", help=f"When it expires: {_EXPECTED}.")
]
When = Annotated[
    str,
    typer.Argument(metavar="WHEN", help="90d, 12h, 2027-01-31 or never.", show_default=False),
]


def parse_expiry(text: str, now: int) -> int | None:
    """Read an expiry time.

    Args:
        text: as it was typed.
        now: microseconds since 1970.

    Returns:
        Microseconds since 1970; None for never.

    Raises:
        typer.BadParameter: it is malformed or in the past.
    """
    if text == "never":
        return None
    try:
        expires_at = _read(text, now)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r}: expected {_EXPECTED}") from None
    if expires_at <= now:
        raise typer.BadParameter(f"{text!r} is in the past")
    return expires_at


def parse_overlap(text: str) -> float:
    """Read for how long an old secret stays valid, in seconds.

    Raises:
        typer.BadParameter: it is malformed.
    """
    try:
        return _seconds(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}: expected a time such as 24h, 7d or 0s") from None


def _read(text: str, now: int) -> int:
    if _DATE.match(text):
        date = datetime.fromisoformat(text)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return int(date.timestamp() * MICROSECONDS)
    return now + int(_seconds(text) * MICROSECONDS)


def _seconds(text: str) -> float:
    if _DAYS.fullmatch(text):
        return int(text[:-1]) * 86_400.0
    return parse_duration(text)
