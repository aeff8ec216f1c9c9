"""Puts together the jobs that look after quotas and usage."""

from entrepot.assembly.drivers import Drivers
from entrepot.assembly.usage import open_usage
from entrepot.config.quotas import QuotaSettings
from entrepot.config.settings import Settings
from entrepot.operations.housekeeping import Job
from entrepot.operations.usage_jobs import reservations_job, usage_job
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.services.usage.listing import Total, count_total


def usage_jobs(settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None) -> list[Job]:
    """Give the jobs that look after quotas and usage."""
    jobs: list[Job] = []
    if settings.quotas != QuotaSettings():
        jobs.append(reservations_job(drivers.reservations, drivers.clock))
    if metrics is not None and settings.database_path is not None:

        async def count() -> Total:
            # Opened each minute: only one worker of a node ever does this.
            with open_usage(settings) as (reader, sessions):
                return await count_total(reader, sessions)

        jobs.append(usage_job(count, metrics))
    return jobs
