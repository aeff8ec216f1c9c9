"""Time, from one place, so that tests can move it."""

import time
from typing import Protocol

MICROSECONDS = 1_000_000


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Tell the time in microseconds since 1970, UTC."""
        ...


class SystemClock:
    """The time of the machine."""

    def now(self) -> int:
        """Tell the time in microseconds since 1970, UTC."""
        return time.time_ns() // 1000
