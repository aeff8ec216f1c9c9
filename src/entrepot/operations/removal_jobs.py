"""Jobs that remove what is old: deleted repositories, lines of tags' history, events."""

import asyncio
from collections.abc import Awaitable, Callable

from entrepot.operations.housekeeping import Job
from entrepot.operations.schedule import Every
from entrepot.operations.scheduled import Once, Turn, scheduled_job
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.events import EventLog
from entrepot.ports.jobs import JobLedger
from entrepot.ports.removal import HiddenRepositories, TagHistory

_LOOK_SECONDS = 5.0
# Rows of each kind in one transaction, so that no push waits long for it.
_BATCH = 500
# Between two of them, others have their turn.
_PAUSE_SECONDS = 0.01
_HOUR, _DAY = 3_600.0, 86_400.0

EVENTS_KEPT = 7 * _DAY
"""Seconds for which events are kept (docs/operations.md)."""


async def drain(hidden: HiddenRepositories) -> None:
    """Remove all that is left of deleted repositories; safe to run twice at once."""
    while True:
        if not await hidden.drain(_BATCH):
            return
        await asyncio.sleep(_PAUSE_SECONDS)


def draining_job(hidden: HiddenRepositories) -> Job:
    """Make the job that removes what is left of deleted repositories."""

    async def work() -> None:
        await drain(hidden)

    return Job("removing deleted repositories", _LOOK_SECONDS, _LOOK_SECONDS, work)


def history_job(ledger: JobLedger, clock: Clock, history: TagHistory, age: float) -> Job:
    """Make the job that forgets old lines of tags' history, once a day.

    Args:
        ledger: lets it run once over all workers and nodes.
        clock: tells the time.
        history: what is kept.
        age: seconds after which a line goes.
    """
    run = _forgetting(clock, history, age, "lines")
    return scheduled_job(Once(ledger, clock, "tag history", run), Every(_DAY))


def events_job(ledger: JobLedger, clock: Clock, events: EventLog) -> Job:
    """Make the job that forgets old events, once an hour.

    Args:
        ledger: lets it run once over all workers and nodes.
        clock: tells the time.
        events: what has happened.
    """
    run = _forgetting(clock, events, EVENTS_KEPT, "events")
    return scheduled_job(Once(ledger, clock, "events", run), Every(_HOUR))


def _forgetting(
    clock: Clock, kept: TagHistory | EventLog, age: float, what: str
) -> Callable[[Turn], Awaitable[str]]:
    async def work(turn: Turn) -> str:
        before = clock.now() - int(age * MICROSECONDS)
        forgotten = 0
        while count := await kept.forget(before, _BATCH):
            forgotten += count
            await asyncio.sleep(_PAUSE_SECONDS)
        return f"{forgotten} {what} forgotten"

    return work
