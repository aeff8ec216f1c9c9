"""Puts together what runs beside the requests. Imported when a worker has begun to serve."""

from collections.abc import Awaitable, Callable

from entrepot.assembly.backend import Backend
from entrepot.assembly.collection import collection_jobs
from entrepot.assembly.drivers import Drivers
from entrepot.assembly.retention import retention_jobs
from entrepot.config.quotas import QuotaSettings
from entrepot.config.settings import Settings
from entrepot.operations.housekeeping import Job
from entrepot.operations.jobs import (
    backup_job,
    counting_job,
    forgetting_job,
    purging_jobs,
    reservations_job,
    usage_job,
)
from entrepot.operations.removal_jobs import draining_job, events_job, history_job
from entrepot.operations.scrub_job import ScrubMetrics, quarantine_job, scrub_job
from entrepot.operations.settling import replaying_job
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.services.backup import Backup
from entrepot.services.purge import Purge
from entrepot.services.quarantine import Quarantining
from entrepot.services.redo import Redo
from entrepot.services.scrub import Scrub
from entrepot.services.usage.listing import count_total


def housekeeping_jobs(
    backend: Backend, drivers: Drivers, metrics: WorkerMetrics | None
) -> list[Job]:
    """Give what one worker at a time does in the background."""
    settings = backend.settings
    jobs: list[Job] = []
    if not settings.storage.maintenance.readonly.enabled:
        jobs += _care_jobs(backend, drivers, metrics)
        jobs.append(replaying_job(Redo(drivers.redo, drivers.blobs), drivers.clock))
        purge = Purge(drivers.sessions, drivers.blobs, drivers.clock, drivers.holders)
        jobs += purging_jobs(purge, settings.storage.maintenance.uploadpurging)
        jobs.append(draining_job(drivers.hidden_repositories))
        jobs.append(events_job(drivers.jobs, drivers.clock, drivers.events))
        age = settings.tags.history.age
        jobs.append(history_job(drivers.jobs, drivers.clock, drivers.tag_history, age))
        jobs += retention_jobs(settings, drivers)
        jobs += collection_jobs(backend, drivers, metrics)
        if settings.mirrors.any:
            from entrepot.assembly.eviction import eviction_jobs

            jobs += eviction_jobs(settings, drivers)
    jobs += usage_jobs(settings, drivers, metrics)
    if settings.is_protected:
        jobs.append(forgetting_job(drivers.guesses, drivers.clock))
    if metrics is not None:
        jobs.append(counting_job(drivers.sessions, metrics))
    return jobs


def usage_jobs(settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None) -> list[Job]:
    """Give the jobs that look after quotas and usage."""
    jobs: list[Job] = []
    if settings.quotas != QuotaSettings():
        jobs.append(reservations_job(drivers.reservations, drivers.clock))
    if metrics is not None:
        jobs.append(usage_job(lambda: count_total(drivers.usage, drivers.sessions), metrics))
    return jobs


def _care_jobs(backend: Backend, drivers: Drivers, metrics: WorkerMetrics | None) -> list[Job]:
    """Give the scrub and the backups; none where nothing is kept."""
    if backend.snapshots is None:
        return []
    settings = backend.settings
    told = ScrubMetrics(metrics)
    jobs = scrub_job(
        drivers.jobs,
        drivers.clock,
        settings.scrub,
        _passes(backend, drivers, told),
    )
    if metrics is not None:
        jobs.append(quarantine_job(drivers.jobs, drivers.quarantine, told))
    backup = Backup(backend.snapshots.source, backend.snapshots.store, drivers.clock)
    read_at = drivers.collection_sweep.tree_read_at
    jobs += backup_job(drivers.jobs, drivers.clock, settings.backup, backup, read_at)
    return jobs


def _passes(
    backend: Backend, drivers: Drivers, told: ScrubMetrics
) -> Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]:
    async def run(progress: str, note: Callable[[str], Awaitable[None]]) -> str:
        quarantining = Quarantining(
            drivers.quarantine, drivers.blobs, drivers.inspector, drivers.clock
        )
        with backend.rows() as rows:
            rate = backend.settings.scrub.rate
            scrub = Scrub(rows, drivers.inspector, drivers.quarantine, quarantining, rate, told)
            return await scrub.run(progress, note)

    return run
