import pytest

from entrepot.config.durations import parse_long_duration

DAY = 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30d", 30 * DAY),
        ("2w", 14 * DAY),
        ("1w2d12h30m", 9 * DAY + 12 * 3600 + 1800),
        ("90s", 90),
        ("720h", 30 * DAY),
        (" 1d ", DAY),
    ],
)
def test_days_and_weeks_come_before_the_units_of_go(text: str, seconds: int) -> None:
    assert parse_long_duration(text) == seconds


@pytest.mark.parametrize(
    "value", ["", "0", "0d", "d", "12hd", "2d1w", "-1d", "1.5d", "30", 30, None]
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="a duration above zero, such as 30d, 2w or 12h"):
        parse_long_duration(value)
