"""When something is due: every so often, or as a cron expression says, in UTC.

A schedule answers one question: at which moment, the latest before now, was a run due? The job
ledger compares that with the begin of the last run, so that no process has to remember anything.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from entrepot.ports.clock import MICROSECONDS


class Schedule(Protocol):
    """When something is due."""

    def since(self, now: int) -> int:
        """Tell before which moment the last run must have begun for another one to be due now.

        Args:
            now: microseconds since 1970, UTC; so is what is given back.
        """
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """So often.

    Args:
        seconds: from the begin of one run to that of the next.
    """

    seconds: float

    def since(self, now: int) -> int:
        """Tell before which moment the last run must have begun for another one to be due now."""
        return now - int(self.seconds * MICROSECONDS) + 1


@dataclass(frozen=True, slots=True)
class NewerThan:
    """As another schedule says, and at once when the last run began before a moment.

    Args:
        schedule: the other one.
        moment: microseconds since 1970, UTC.
    """

    schedule: Schedule
    moment: int

    def since(self, now: int) -> int:
        """Tell before which moment the last run must have begun for another one to be due now."""
        return max(self.schedule.since(now), self.moment)


@dataclass(frozen=True, slots=True)
class Cron:
    """As a cron expression says, in UTC.

    Args:
        expression: one that `config.cron.check_cron` has passed.
    """

    expression: str

    def since(self, now: int) -> int:
        """Tell before which moment the last run must have begun for another one to be due now."""
        from cronsim import CronSim

        # The library gives the last moment strictly before the one it is handed.
        behind = datetime.fromtimestamp(now // MICROSECONDS, UTC) + timedelta(seconds=1)
        moment = next(CronSim(self.expression, behind, reverse=True))
        return int(moment.timestamp()) * MICROSECONDS
