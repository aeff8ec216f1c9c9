"""What HEAD, a mount or a finished upload has confirmed is kept for `gc.grace` after that.

A client that is told "it is here" does not send it, and pushes the manifest that needs it a while
later (docs/decisions/0015-collecting-while-serving.md).
"""

from dataclasses import dataclass

from entrepot.ports.clock import MICROSECONDS, Clock, SystemClock

DEFAULT_GRACE_SECONDS = 3600.0
_SHARE = 8
_LONGEST_SLACK_SECONDS = 10.0


def slack(grace: float) -> float:
    """Tell how old a promise may be before giving it again is written down.

    So a blob that many ask for costs one write in that time. The collector waits as much longer.

    Args:
        grace: seconds.
    """
    return min(grace / _SHARE, _LONGEST_SLACK_SECONDS)


@dataclass(frozen=True, slots=True)
class Promises:
    """How long what is confirmed is kept.

    Attributes:
        clock: tells the time.
        grace: seconds.
    """

    clock: Clock
    grace: float

    def stale_before(self) -> int:
        """Give the moment before which a wait must have begun to be begun anew."""
        return self.clock.now() - int(slack(self.grace) * MICROSECONDS)


DEFAULT_PROMISES = Promises(SystemClock(), DEFAULT_GRACE_SECONDS)
