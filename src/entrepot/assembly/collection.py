"""Puts the collector together."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from entrepot.assembly.backend import Backend
from entrepot.assembly.drivers import Drivers
from entrepot.assembly.rules import mirror_names
from entrepot.config.settings import Settings
from entrepot.operations.collecting import (
    Collecting,
    LoggingObserver,
    measuring_job,
    sweep_job,
)
from entrepot.operations.collection_metrics import CollectionMetrics
from entrepot.operations.housekeeping import Job
from entrepot.operations.spared_bytes import SparedBytes
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.clock import MICROSECONDS, SystemClock
from entrepot.services.collection import CollectionObserver, CollectionRules, Collector, Sweep
from entrepot.services.plausible_clock import PlausibleClock
from entrepot.services.quarantine import Quarantining

logger = logging.getLogger("entrepot.collection")

ASIDE_KEEPS_STRAYS_DAYS = 7


def collection_rules(settings: Settings) -> CollectionRules:
    """Give the section `gc` as the collector wants it."""
    untagged = settings.gc.untagged
    return CollectionRules(
        settings.gc.grace, untagged.enabled, untagged.after, mirror_names(settings.mirrors)
    )


def build_collector(
    drivers: Drivers,
    rules: CollectionRules,
    observer: CollectionObserver,
    plausible: PlausibleClock | None = None,
) -> Collector:
    """Build what looks at the queue; by hand it goes on though the clock may be doubted."""
    return Collector(
        drivers.collection,
        drivers.blobs,
        drivers.clock,
        rules,
        observer,
        holders=drivers.holders,
        # Without a grace, somebody knows that nobody pushes.
        sessions=drivers.sessions if rules.grace else None,
        plausible=plausible,
    )


def build_sweep(
    backend: Backend,
    drivers: Drivers,
    rules: CollectionRules,
    observer: CollectionObserver,
    say: Callable[[str], None],
    *,
    dry_run: bool = False,
    **how: Any,
) -> Sweep:
    """Build what sweeps.

    Args:
        backend: has the directory.
        drivers: of the backend.
        rules: what may go, and when.
        observer: told of each page.
        say: told why something is left that nothing here needs.
        dry_run: take nothing out of service.
        how: `share` and `adopted`, as `Sweep` takes them.
    """
    directory = None if backend.tree is None else backend.tree.watch(drivers)
    kept = stray_keeper(backend, say)
    quarantining = None
    if not dry_run:
        quarantining = Quarantining(
            drivers.quarantine, drivers.blobs, drivers.inspector, drivers.clock
        )
    return Sweep(
        drivers.collection_sweep,
        drivers.collection,
        drivers.blobs,
        drivers.clock,
        rules,
        observer,
        keep_strays=kept,
        directory=directory,
        say=say,
        quarantining=quarantining,
        **how,
    )


def stray_keeper(backend: Backend, say: Callable[[str], None]) -> Callable[[], bool]:
    """Give what tells whether files that the database does not know are to be left.

    They are what the database that a restore has set aside knows: for some days it can be put
    back.

    Args:
        backend: knows the database.
        say: told why they are left.
    """

    def keep() -> bool:
        newest = None if backend.snapshots is None else backend.snapshots.aside()
        if newest is None:
            return False
        aside, moment = newest
        until = moment + ASIDE_KEEPS_STRAYS_DAYS * 86_400 * MICROSECONDS
        if SystemClock().now() >= until:
            return False
        end = datetime.fromtimestamp(until / MICROSECONDS, UTC).isoformat(" ", "seconds")
        say(
            f"files unknown to the database are kept until {end}: {aside}, which a restore"
            " has set aside, may need them"
        )
        return True

    return keep


def collecting(
    settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None
) -> Collecting | None:
    """Give what collects in each worker; None where it is switched off."""
    if not _collects(settings):
        return None
    observer = LoggingObserver(CollectionMetrics(metrics))
    plausible = PlausibleClock(drivers.jobs, drivers.clock)
    collector = build_collector(drivers, collection_rules(settings), observer, plausible)
    return Collecting(collector.look, observer, settings.gc.interval)


def collection_jobs(backend: Backend, drivers: Drivers, metrics: WorkerMetrics | None) -> list[Job]:
    """Give what one worker at a time does: the full sweep."""
    settings = backend.settings
    if not _collects(settings):
        return []
    told = CollectionMetrics(metrics)
    observer = LoggingObserver(told)
    rules = collection_rules(settings)
    sweep = build_sweep(backend, drivers, rules, observer, logger.warning)
    jobs = sweep_job(drivers.jobs, drivers.clock, settings.gc.sweep, sweep.run, observer)
    if metrics is not None:
        jobs.append(measuring_job(drivers.collection, drivers.clock, told))
    return jobs


def _collects(settings: Settings) -> bool:
    return settings.gc.enabled and not settings.storage.maintenance.readonly.enabled


@contextmanager
def open_collection(backend: Backend, *, dry_run: bool) -> Iterator[Drivers]:
    """Open what a collector works on, beside a registry that may run.

    Args:
        backend: of the registry.
        dry_run: work on a copy of the database, which is gone afterwards, and remove no bytes.

    Raises:
        ConfigurationError, MetadataOutage, StorageOutage: see `Backend.beside`.
        StorageFull: there is no room for the copy.
    """
    if not dry_run:
        with backend.beside(changes=True) as drivers:
            yield drivers
        return
    with backend.copied() as copied, copied.beside() as drivers:
        yield replace(drivers, blobs=SparedBytes(drivers.blobs))
