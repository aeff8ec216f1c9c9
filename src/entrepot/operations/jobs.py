"""Jobs of the one worker that keeps house: backups, guesses, uploads, usage."""

import logging
from collections.abc import Awaitable, Callable

from entrepot.config.retention import BackupSettings
from entrepot.config.sizes import count_of
from entrepot.config.storage import UploadPurgingSettings
from entrepot.operations.housekeeping import Job
from entrepot.operations.schedule import Every, NewerThan
from entrepot.operations.scheduled import Once, Turn
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.guesses import GuessLedger
from entrepot.ports.jobs import JobLedger
from entrepot.ports.uploads import Reservations, UploadSessions
from entrepot.services.backup import Backup
from entrepot.services.purge import Purge, PurgeReport
from entrepot.services.usage.listing import Total

logger = logging.getLogger("entrepot.jobs")

_BACKUP_AFTER_SECONDS = 1.0
_LOOK_SECONDS = 10.0

_FORGET_AFTER_SECONDS = 60.0
_INTERVAL_SECONDS = 300.0
# As long as the guard takes an account's address for one that is known.
_AGE = 30 * 24 * 3600 * MICROSECONDS
_KEPT = 100_000

_COUNT_SECONDS = 60.0
_FORGET_SECONDS = 600.0

_GAUGES = {
    "repositories": (
        "entrepot_usage_repositories",
        "Repositories that have a manifest.",
    ),
    "tags": ("entrepot_usage_tags", "Tags."),
    "manifests": ("entrepot_usage_manifests", "Manifests."),
    "blobs": ("entrepot_usage_blobs", "Blobs that a repository has, each once."),
    "bytes": (
        "entrepot_usage_bytes",
        "Bytes of blobs that a repository has, each once, and of manifests.",
    ),
    "reclaimable": (
        "entrepot_usage_reclaimable_bytes",
        "Bytes that wait to be collected, uploads under way included.",
    ),
}

_purge_logger = logging.getLogger("entrepot.uploadpurging")

# Not while a start, or a restart after a crash, has enough to do.
_PURGE_AFTER_SECONDS = 60.0
_COUNT_SESSIONS_SECONDS = 15.0
_PAGE = 1000
_END_OF_TIME = 2**62


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
        return (
            f"{snapshot.name}, {count_of(snapshot.size, 'byte')}, {count_of(content.tags, 'tag')}"
        )

    once = Once(ledger, clock, "backup", take, unseen_is_due=True)

    async def look() -> None:
        outcome = await once.run(NewerThan(Every(settings.every), await adopted_at() or 0))
        if outcome is not None:
            logger.info("finished %s: %s", once.name, outcome)

    return [Job(once.name, _BACKUP_AFTER_SECONDS, _LOOK_SECONDS, look)]


def forgetting_job(ledger: GuessLedger, clock: Clock) -> Job:
    """Make the job.

    Args:
        ledger: what is remembered.
        clock: tells the time.
    """

    async def work() -> None:
        await ledger.forget(clock.now() - _AGE, _KEPT)

    return Job("forgetting wrong credentials", _FORGET_AFTER_SECONDS, _INTERVAL_SECONDS, work)


def usage_job(count: Callable[[], Awaitable[Total]], metrics: WorkerMetrics) -> Job:
    """Make the job that tells the metrics what the registry has.

    Args:
        count: looks.
        metrics: of this worker; the page sums over workers, and only one of them has this job.
    """

    async def work() -> None:
        total = await count()
        for field, (name, text) in _GAUGES.items():
            metrics.set_gauge(name, text, getattr(total, field))

    return Job("counting usage", 0.0, _COUNT_SECONDS, work)


def reservations_job(reservations: Reservations, clock: Clock) -> Job:
    """Make the job that removes reservations which have ended by themselves."""

    async def work() -> None:
        await reservations.forget_ended(clock.now())

    return Job("ended reservations", _FORGET_SECONDS, _FORGET_SECONDS, work)


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

    first = min(_PURGE_AFTER_SECONDS, settings.interval)
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

    return Job("counting upload sessions", 0.0, _COUNT_SESSIONS_SECONDS, work)


def log_report(report: PurgeReport) -> None:
    """Log what a round of purging did: each upload, then the sum."""
    verb = "would be removed" if report.dry_run else "removed"
    for upload in report.uploads:
        _purge_logger.info(
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
        _purge_logger.error(
            "an abandoned upload cannot be removed: %s",
            reason,
            extra={"fields": {"upload": upload_id}},
        )
    _purge_logger.info(
        "finished upload purging: %s with %s %s, %s",
        count_of(len(report.uploads), "upload"),
        count_of(sum(upload.size for upload in report.uploads), "byte"),
        verb,
        count_of(len(report.failures), "failure"),
    )
