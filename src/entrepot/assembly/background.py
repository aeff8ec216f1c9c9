"""Puts together what runs beside the requests: health checks and housekeeping."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from entrepot.assembly.drivers import Drivers, open_drivers
from entrepot.config.settings import Settings
from entrepot.operations.housekeeping import Job
from entrepot.operations.upload_jobs import counting_job, purging_jobs
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.services.purge import Purge


def check_storage(settings: Settings, scratch: Path) -> list[tuple[str, Callable[[], None]]]:
    """Give the health checks of the storage and the database; each raises what is wrong.

    They are called from threads of the supervisor, and open what they need for themselves.
    """
    if settings.storage.driver == "inmemory":
        return []

    async def look() -> None:
        drivers = open_drivers(settings, scratch)
        try:
            await drivers.blobs.check()
            await drivers.metadata.check()
        finally:
            drivers.close()

    return [("", lambda: asyncio.run(look()))]


def housekeeping_jobs(
    settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None
) -> list[Job]:
    """Give what one worker at a time does in the background."""
    jobs: list[Job] = []
    if not settings.storage.maintenance.readonly.enabled:
        purge = Purge(drivers.sessions, drivers.blobs, drivers.clock)
        jobs += purging_jobs(purge, settings.storage.maintenance.uploadpurging)
    if metrics is not None:
        jobs.append(counting_job(drivers.sessions, metrics))
    return jobs
