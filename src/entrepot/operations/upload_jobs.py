"""The jobs that look after uploads: ``storage.maintenance.uploadpurging``, and their number."""

import logging

from entrepot.config.storage import UploadPurgingSettings
from entrepot.operations.housekeeping import Job
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.uploads import UploadSessions
from entrepot.services.purge import Purge, PurgeReport

logger = logging.getLogger("entrepot.uploadpurging")

# Not while a start, or a restart after a crash, has enough to do.
_FIRST_SECONDS = 60.0
_COUNT_SECONDS = 15.0
_PAGE = 1000
_END_OF_TIME = 2**62


def purging_jobs(purge: Purge, settings: UploadPurgingSettings) -> list[Job]:
    """Make the job that removes abandoned uploads; none where it is switched off.

    Args:
        purge: does it.
        settings: when, and of what age.
    """
    if not settings.enabled:
        return []

    async def work() -> None:
        report = await purge.run(settings.age, dry_run=settings.dryrun)
        log_report(report)

    first = min(_FIRST_SECONDS, settings.interval)
    return [Job("upload purging", first, settings.interval, work)]


def counting_job(sessions: UploadSessions, metrics: WorkerMetrics) -> Job:
    """Make the job that tells the metrics how many upload sessions are open."""

    async def work() -> None:
        count, after = 0, ""
        # Before the end of time every session is idle, so these pages are all of them.
        while page := await sessions.idle_since(_END_OF_TIME, after, _PAGE):
            count += len(page)
            after = page[-1].id
        metrics.upload_sessions(count)

    return Job("counting upload sessions", 0.0, _COUNT_SECONDS, work)


def log_report(report: PurgeReport) -> None:
    """Log what a round of purging did: each upload, then the sum."""
    verb = "would be removed" if report.dry_run else "removed"
    for upload in report.uploads:
        logger.info(
            "abandoned upload %s",
            verb,
            extra={
                "fields": {
                    "upload": upload.upload_id,
                    "vars.name": upload.repository,
                    "bytes": upload.size,
                }
            },
        )
    for upload_id, reason in report.failures:
        logger.error(
            "an abandoned upload cannot be removed: %s",
            reason,
            extra={"fields": {"upload": upload_id}},
        )
    logger.info(
        "upload purging is done: %d uploads with %d bytes %s, %d failures",
        len(report.uploads),
        sum(upload.size for upload in report.uploads),
        verb,
        len(report.failures),
    )
