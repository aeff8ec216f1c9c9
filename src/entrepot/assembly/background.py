"""Puts together what runs beside the requests. Imported when a worker has begun to serve."""

from entrepot.assembly.care import care_jobs
from entrepot.assembly.collection import collection_jobs
from entrepot.assembly.drivers import Drivers
from entrepot.assembly.retention import retention_jobs
from entrepot.assembly.usage_jobs import usage_jobs
from entrepot.config.settings import Settings
from entrepot.operations.guess_jobs import forgetting_job
from entrepot.operations.housekeeping import Job
from entrepot.operations.removal_jobs import draining_job, history_job
from entrepot.operations.upload_jobs import counting_job, purging_jobs
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.services.purge import Purge


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
