"""Puts the collector together."""

from entrepot.assembly.drivers import Drivers
from entrepot.config.settings import Settings
from entrepot.operations.collecting import (
    Collecting,
    LoggingObserver,
    measuring_job,
    sweep_job,
)
from entrepot.operations.collection_metrics import CollectionMetrics
from entrepot.operations.housekeeping import Job
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.services.collection import CollectionObserver, CollectionRules, Collector, Sweep
from entrepot.services.promises import Promises


def collection_rules(settings: Settings) -> CollectionRules:
    """Give the section `gc` as the collector wants it."""
    untagged = settings.gc.untagged
    return CollectionRules(settings.gc.grace, untagged.enabled, untagged.after)


def promises(settings: Settings, drivers: Drivers) -> Promises:
    """Give what services promise whom they tell that something is there."""
    return Promises(drivers.clock, settings.gc.grace)


def build_collector(
    drivers: Drivers, rules: CollectionRules, observer: CollectionObserver
) -> Collector:
    """Build what looks at the queue."""
    return Collector(drivers.collection, drivers.blobs, drivers.clock, rules, observer)


def build_sweep(
    drivers: Drivers, rules: CollectionRules, observer: CollectionObserver, **share: float
) -> Sweep:
    """Build what sweeps; share is that of the time which it takes."""
    pages, queue = drivers.collection_sweep, drivers.collection
    return Sweep(pages, queue, drivers.blobs, drivers.clock, rules, observer, **share)


def collecting(
    settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None
) -> Collecting | None:
    """Give what collects in each worker; None where it is switched off."""
    if not _collects(settings):
        return None
    observer = LoggingObserver(CollectionMetrics(metrics))
    collector = build_collector(drivers, collection_rules(settings), observer)
    return Collecting(collector.look, observer, settings.gc.interval)


def collection_jobs(
    settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None
) -> list[Job]:
    """Give what one worker at a time does: the full sweep."""
    if not _collects(settings):
        return []
    told = CollectionMetrics(metrics)
    observer = LoggingObserver(told)
    sweep = build_sweep(drivers, collection_rules(settings), observer)
    jobs = sweep_job(drivers.jobs, drivers.clock, settings.gc.sweep, sweep.run, observer)
    if metrics is not None:
        jobs.append(measuring_job(drivers.collection, drivers.clock, told))
    return jobs


def _collects(settings: Settings) -> bool:
    return settings.gc.enabled and not settings.storage.maintenance.readonly.enabled
