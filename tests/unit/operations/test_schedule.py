from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.config.durations import check_cron
from entrepot.operations.schedule import Cron, Every

MINUTE = 60 * 1_000_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("expression", "now", "since"),
    [
        ("30 3 * * *", "2026-05-10T12:00", "2026-05-10T03:30"),
        ("30 3 * * *", "2026-05-10T03:29:59", "2026-05-09T03:30"),
        ("30 3 * * *", "2026-05-10T03:30", "2026-05-10T03:30"),
        ("0 0 1 * *", "2026-05-10T12:00", "2026-05-01T00:00"),
        ("*/15 * * * *", "2026-05-10T12:44:59", "2026-05-10T12:30"),
        ("0 4 * * MON", "2026-05-10T12:00", "2026-05-04T04:00"),
        ("0 0 29 2 *", "2026-05-10T12:00", "2024-02-29T00:00"),
    ],
)
def test_a_cron_expression_was_last_due(expression: str, now: str, since: str) -> None:
    assert Cron(check_cron(expression)).since(at(now)) == at(since)


def test_every_so_often_is_due_when_that_time_has_passed() -> None:
    assert Every(60).since(10 * MINUTE) == 9 * MINUTE + 1


@pytest.mark.parametrize(
    "expression",
    ["", "nightly", "* * * *", "* * * * * *", "61 * * * *", "0 0 31 2 *", "0 0 * * FOO"],
)
def test_what_is_no_cron_expression_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="a cron expression of five fields"):
        check_cron(expression)


@given(
    st.sampled_from(["*/5 * * * *", "30 3 * * *", "0 0 1 * *", "0 12 * * SUN"]),
    st.integers(1_600_000_000, 1_900_000_000),
    st.integers(0, 999_999),
)
def test_the_last_due_moment_is_never_ahead_and_stays_until_the_next(
    expression: str, second: int, fraction: int
) -> None:
    now = second * 1_000_000 + fraction
    since = Cron(expression).since(now)
    assert since <= now
    assert Cron(expression).since(since) == since
    assert Cron(expression).since(since - 1) < since
