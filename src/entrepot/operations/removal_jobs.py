"""The jobs that go on with deleting: rows of deleted repositories, old lines of tags' history."""

import asyncio

from entrepot.operations.housekeeping import Job
from entrepot.operations.schedule import Every
from entrepot.operations.scheduled import Once, Turn, scheduled_job
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.jobs import JobLedger
from entrepot.ports.removal import HiddenRepositories, TagHistory

_LOOK_SECONDS = 5.0
# Rows of each kind in one transaction, so that no push waits long for it.
_BATCH = 500
# Between two of them, others have their turn.
_PAUSE_SECONDS = 0.01
_DAY = 86_400.0


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

    async def work(turn: Turn) -> str:
        before = clock.now() - int(age * MICROSECONDS)
        forgotten = 0
        while count := await history.forget(before, _BATCH):
            forgotten += count
            await asyncio.sleep(_PAUSE_SECONDS)
        return f"{forgotten} lines forgotten"

    return scheduled_job(Once(ledger, clock, "tag history", work), Every(_DAY))
