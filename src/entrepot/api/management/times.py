"""Times as the management API writes them."""

from datetime import UTC, datetime

from entrepot.ports.clock import MICROSECONDS


def moment(microseconds: int) -> str:
    """Write a time, as RFC 3339 has it: 2026-05-01T12:00:00.000000+00:00.

    Args:
        microseconds: since 1970, UTC.
    """
    seconds, rest = divmod(microseconds, MICROSECONDS)
    time = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    return time.isoformat(timespec="microseconds")
