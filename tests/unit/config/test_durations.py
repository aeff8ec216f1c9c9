"""Durations are read as Go reads them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.config.durations import format_duration, parse_duration

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("1h30m", 5400),
        ("168h", 604_800),
        ("1.5s", 1.5),
        (".5m", 30),
        ("1m0.5s", 60.5),
        ("300ms", 0.3),
        ("0", 0),
        ("0s", 0),
        ("+5s", 5),
        ("5000000000", 5),
        (2_000_000_000, 2),
    ],
)
def test_written_as_go_writes_them(text: str | int, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "10",
        "3",
        "10 s",
        "7d",
        "-1s",
        "1h30",
        "1.2.3s",
        "1e3s",
        "٣s",
        "9" * 40,
        "9" * 30 + "h",
    ],
)
def test_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as 10s"):
        parse_duration(text)


@pytest.mark.parametrize("value", [True, None, [], {}])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="a duration such as 10s"):
        parse_duration(value)


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(sorted(UNITS))), min_size=1))
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert parse_duration(text) == pytest.approx(sum(n * UNITS[unit] for n, unit in parts))


@given(st.integers(0, 10**15))
def test_what_is_written_is_read_back(nanoseconds: int) -> None:
    seconds = nanoseconds / 1e9
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-9)


@given(st.text())
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert parse_duration(text) >= 0
