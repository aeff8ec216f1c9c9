"""The job that takes snapshots of the database (``backup``)."""

import logging
from collections.abc import Awaitable, Callable

from entrepot.config.care import BackupSettings
from entrepot.operations.housekeeping import Job
from entrepot.operations.schedule import Every, NewerThan
from entrepot.operations.scheduled import Once, Turn
from entrepot.ports.clock import Clock
from entrepot.ports.jobs import JobLedger
from entrepot.services.backup import Backup

logger = logging.getLogger("entrepot.jobs")

_FIRST_SECONDS = 1.0
_LOOK_SECONDS = 10.0


def backup_job(
    ledger: JobLedger,
    clock: Clock,
    settings: BackupSettings,
    backup: Backup,
    adopted_at: Callable[[], Awaitable[int | None]],
) -> list[Job]:
    """Make the job; none where it is switched off.

    The first snapshot is taken right after the first start, and one after each adoption: until then
    what they have made known is in one file.

    Args:
        ledger: remembers when the last one was.
        clock: tells the time.
        settings: how often, and how many stay.
        backup: takes them.
        adopted_at: tells when a directory was adopted last.
    """
    if not settings.every:
        return []

    async def take(turn: Turn) -> str:
        snapshot, content = await backup.take(settings.keep)
        return f"{snapshot.name}, {snapshot.size} bytes, {content.tags} tags"

    once = Once(ledger, clock, "backup", take, unseen_is_due=True)

    async def look() -> None:
        outcome = await once.run(NewerThan(Every(settings.every), await adopted_at() or 0))
        if outcome is not None:
            logger.info("%s is done: %s", once.name, outcome)

    return [Job(once.name, _FIRST_SECONDS, _LOOK_SECONDS, look)]
