"""Durations, short and long, and cron expressions."""

import re
from datetime import UTC, datetime

_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # U+00B5, the micro sign
    "μs": 1e-6,  # U+03BC, the Greek letter
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART = re.compile(r"(\d++(?:\.\d*+)?+|\.\d++)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_EXPECTED = "a duration such as 10s, 1h30m or 168h"
# Fewer nanoseconds than this, written without a unit, were meant as something else.
_SMALLEST_BARE_NUMBER = 1_000_000
_LONGEST = 290 * 365 * 86_400.0  # what Go's 64 bits of nanoseconds hold

_LONG = re.compile(r"(?:(\d{1,6})w)?(?:(\d{1,6})d)?(.*)", re.ASCII | re.DOTALL)
_EXPECTED_LONG = "a duration above zero, such as 30d, 2w or 12h"

_EXPECTED_CRON = "a cron expression of five fields, such as `30 3 * * *` (03:30 each day, UTC)"


def parse_duration(value: object) -> float:
    """Read a duration as Docker Registry does.

    Args:
        value: text such as ``1h30m``; or a number of nanoseconds, as Go reads one without a unit.
            Small numbers without a unit are refused, because nobody means nanoseconds by them.

    Returns:
        Seconds, never negative.

    Raises:
        ValueError: the value is no such duration; the message says what was expected.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(_EXPECTED)
    text = str(value).strip().removeprefix("+")
    if text == "0":
        return 0.0
    if text.isascii() and text.isdigit():
        return _bare_number(text)
    seconds, end = 0.0, 0
    while part := _PART.match(text, end):
        seconds += float(part[1]) * _SECONDS[part[2]]
        end = part.end()
    if not end or end != len(text) or seconds > _LONGEST:
        raise ValueError(_EXPECTED)
    return seconds


def _bare_number(text: str) -> float:
    nanoseconds = int(text) if len(text) < 20 else 0
    if nanoseconds < _SMALLEST_BARE_NUMBER:
        raise ValueError(f"{_EXPECTED} (a number without a unit means nanoseconds)")
    return nanoseconds * 1e-9


def format_duration(seconds: float) -> str:
    """Write seconds as Go would read them: ``5400`` becomes ``1h30m``.

    Args:
        seconds: at least zero.
    """
    if seconds == 0:
        return "0s"
    if seconds < 1 or seconds != int(seconds):
        return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"
    hours, rest = divmod(int(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def parse_long_duration(value: object) -> float:
    """Read a duration; weeks and days come before Go's units.

    Returns:
        Seconds, more than none.

    Raises:
        ValueError: the value is no such duration; the message says what was expected.
    """
    if not isinstance(value, str):
        raise ValueError(_EXPECTED_LONG)
    found = _LONG.fullmatch(value.strip())
    weeks, days, rest = found.groups() if found else (None, None, value)
    try:
        seconds = parse_duration(rest) if rest or not (weeks or days) else 0.0
    except ValueError:
        raise ValueError(_EXPECTED_LONG) from None
    seconds += (int(weeks or 0) * 7 + int(days or 0)) * 86_400.0
    if seconds <= 0:
        raise ValueError(_EXPECTED_LONG)
    return seconds


def check_cron(expression: str) -> str:
    """Give back a cron expression that can be used.

    Raises:
        ValueError: it cannot; the message says what was expected.
    """
    from cronsim import CronSim, CronSimError

    if len(expression.split()) != 5:
        raise ValueError(_EXPECTED_CRON)
    try:
        next(CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f"{_EXPECTED_CRON}: {error}") from None
    except StopIteration:
        raise ValueError(f"{_EXPECTED_CRON} that names a day which exists") from None
    return expression
