"""Cron expressions, of five fields, in UTC."""

from datetime import UTC, datetime

_EXPECTED = "a cron expression of five fields, such as `30 3 * * *` (03:30 each day, UTC)"


def check_cron(expression: str) -> str:
    """Give back a cron expression that can be used.

    Raises:
        ValueError: it cannot; the message says what was expected.
    """
    from cronsim import CronSim, CronSimError

    if len(expression.split()) != 5:
        raise ValueError(_EXPECTED)
    try:
        next(CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f"{_EXPECTED}: {error}") from None
    except StopIteration:
        raise ValueError(f"{_EXPECTED} that names a day which exists") from None
    return expression
