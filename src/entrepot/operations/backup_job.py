"""The job that takes snapshots of the database (``backup``)."""

from entrepot.config.care import BackupSettings
from entrepot.operations.housekeeping import Job
from entrepot.operations.schedule import Every
from entrepot.operations.scheduled import Once, Turn, scheduled_job
from entrepot.ports.clock import Clock
from entrepot.ports.jobs import JobLedger
from entrepot.services.backup import Backup


def backup_job(
    ledger: JobLedger, clock: Clock, settings: BackupSettings, backup: Backup
) -> list[Job]:
    """Make the job; none where it is switched off.

    Args:
        ledger: remembers when the last one was.
        clock: tells the time.
        settings: how often, and how many stay.
        backup: takes them.
    """
    if not settings.every:
        return []

    async def work(turn: Turn) -> str:
        snapshot, content = await backup.take(settings.keep)
        return f"{snapshot.name}, {snapshot.size} bytes, {content.tags} tags"

    return [scheduled_job(Once(ledger, clock, "backup", work), Every(settings.every))]
