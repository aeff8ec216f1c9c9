"""Puts together what runs beside the requests: health checks and housekeeping."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from entrepot.assembly.care import care_jobs
from entrepot.assembly.collection import collection_jobs
from entrepot.assembly.drivers import Drivers, open_drivers
from entrepot.assembly.retention import retention_jobs
from entrepot.assembly.usage import usage_jobs
from entrepot.config.settings import Settings
from entrepot.errors import Outage
from entrepot.operations.guess_jobs import forgetting_job
from entrepot.operations.housekeeping import Job
from entrepot.operations.pull_recorder import PullRecorder
from entrepot.operations.removal_jobs import draining_job, history_job
from entrepot.operations.upload_jobs import counting_job, purging_jobs
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.services.purge import Purge

logger = logging.getLogger("entrepot.health")


def check_storage(settings: Settings, scratch: Path) -> list[tuple[str, Callable[[], None]]]:
    """Give the health checks of the storage and the database; each raises what is wrong.

    They are called from threads of the supervisor, and open what they need for themselves.
    """
    if settings.storage.driver == "inmemory":
        return []

    opened: list[Drivers] = []

    async def look() -> None:
        if not opened:  # once: where the disk is read-only by now, nothing can be opened any more
            opened.append(open_drivers(settings, scratch))
        drivers = opened[0]
        try:
            await drivers.blobs.check()
            await drivers.metadata.check()
        except Outage as error:
            # As long as pulls can be served, refusing everything would help nobody.
            await _check_reading(drivers)
            logger.warning("pushes fail at this moment: %s", error.message)

    return [("", lambda: asyncio.run(look()))]


def housekeeping_jobs(
    settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None
) -> list[Job]:
    """Give what one worker at a time does in the background."""
    jobs: list[Job] = []
    if not settings.storage.maintenance.readonly.enabled:
        jobs += care_jobs(settings, drivers, metrics)
        purge = Purge(drivers.sessions, drivers.blobs, drivers.clock)
        jobs += purging_jobs(purge, settings.storage.maintenance.uploadpurging)
        jobs.append(draining_job(drivers.hidden_repositories))
        age = settings.tags.history.age
        jobs.append(history_job(drivers.jobs, drivers.clock, drivers.tag_history, age))
        jobs += retention_jobs(settings, drivers)
        jobs += collection_jobs(settings, drivers, metrics)
    jobs += usage_jobs(settings, drivers, metrics)
    if settings.is_protected:
        jobs.append(forgetting_job(drivers.guesses, drivers.clock))
    if metrics is not None:
        jobs.append(counting_job(drivers.sessions, metrics))
    return jobs


def pull_recorder(settings: Settings, drivers: Drivers) -> PullRecorder | None:
    """Give what writes down when manifests were pulled; None where nothing does."""
    if not settings.pulls.enabled or settings.storage.maintenance.readonly.enabled:
        return None
    return PullRecorder(drivers.pulls, drivers.clock, settings.pulls.interval)


async def _check_reading(drivers: Drivers) -> None:
    await drivers.metadata.repositories("", 1)
    async for _ in drivers.blobs.uploads():
        break
