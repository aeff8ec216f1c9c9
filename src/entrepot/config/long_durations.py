"""Durations with days and weeks beside Go's units: ``30d``, ``2w``, ``1d12h``."""

import re
from typing import Annotated

from entrepot.config.durations import parse_duration
from entrepot.config.fields import ReadBy

_LONG = re.compile(r"(?:(\d{1,6})w)?(?:(\d{1,6})d)?(.*)", re.ASCII | re.DOTALL)
_EXPECTED = "a duration above zero, such as 30d, 2w or 12h"


def parse_long_duration(value: object) -> float:
    """Read a duration; weeks and days come before Go's units.

    Returns:
        Seconds, more than none.

    Raises:
        ValueError: the value is no such duration; the message says what was expected.
    """
    if not isinstance(value, str):
        raise ValueError(_EXPECTED)
    found = _LONG.fullmatch(value.strip())
    weeks, days, rest = found.groups() if found else (None, None, value)
    try:
        seconds = parse_duration(rest) if rest or not (weeks or days) else 0.0
    except ValueError:
        raise ValueError(_EXPECTED) from None
    seconds += (int(weeks or 0) * 7 + int(days or 0)) * 86_400.0
    if seconds <= 0:
        raise ValueError(_EXPECTED)
    return seconds


LongSeconds = Annotated[float, ReadBy(parse_long_duration)]
