"""The jobs that look after usage and quotas: totals as metrics, reservations that have ended."""

from collections.abc import Awaitable, Callable

from entrepot.operations.housekeeping import Job
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.clock import Clock
from entrepot.ports.reservations import Reservations
from entrepot.services.usage.listing import Total

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
