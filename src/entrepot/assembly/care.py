"""Puts together what looks after stored data by itself: the scrub, and the backups."""

from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from entrepot.assembly.data_directory import root_directory
from entrepot.assembly.drivers import Drivers
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.snapshots import FilesystemSnapshots
from entrepot.drivers.sql.engines.sqlite.snapshots import SqliteSnapshots
from entrepot.drivers.sql.inspector import SqliteInspector
from entrepot.operations.backup_job import backup_job
from entrepot.operations.housekeeping import Job
from entrepot.operations.scrub_job import ScrubMetrics, quarantine_job, scrub_job
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.services.backup import Backup
from entrepot.services.quarantine import Quarantining
from entrepot.services.scrub import Scrub


def care_jobs(settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None) -> list[Job]:
    """Give the jobs; none where nothing is kept."""
    path = settings.database_path
    if settings.storage.driver == "inmemory" or path is None:
        return []
    told = ScrubMetrics(metrics)
    jobs = scrub_job(
        drivers.jobs,
        drivers.clock,
        settings.scrub,
        _passes(settings, drivers, Path(path), told),
    )
    if metrics is not None:
        jobs.append(quarantine_job(drivers.jobs, drivers.quarantine, told))
    backup = Backup(
        SqliteSnapshots(Path(path)), FilesystemSnapshots(root_directory(settings)), drivers.clock
    )
    jobs += backup_job(drivers.jobs, drivers.clock, settings.backup, backup)
    return jobs


def _passes(
    settings: Settings, drivers: Drivers, path: Path, told: ScrubMetrics
) -> Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]:
    async def run(progress: str, note: Callable[[str], Awaitable[None]]) -> str:
        quarantining = Quarantining(
            drivers.quarantine, drivers.blobs, drivers.inspector, drivers.clock
        )
        with closing(SqliteInspector(path)) as rows:
            scrub = Scrub(
                rows, drivers.inspector, drivers.quarantine, quarantining, settings.scrub.rate, told
            )
            return await scrub.run(progress, note)

    return run
