"""Collecting in the background: what is logged and counted, and what happens when a look fails."""

import asyncio
import logging
from pathlib import Path

import pytest

from entrepot.errors import MetadataOutage, StorageOutage
from entrepot.operations.collecting import Collecting, LoggingObserver
from entrepot.operations.collection_metrics import CollectionMetrics
from entrepot.operations.metrics_file import MetricsFile
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.collection import Collected, CollectedKind, QueueState, Why
from tests.unit.operations.test_worker_metrics import sample

REMOVED = Collected(CollectedKind.BYTES, "", "sha256:abc", 100, Why.UNLINKED)
LINK = Collected(CollectedKind.LINK, "team/app", "sha256:abc", 100, Why.UNNEEDED)


def test_a_little_is_logged_by_name(caplog: pytest.LogCaptureFixture) -> None:
    observer = LoggingObserver(CollectionMetrics(None))
    with caplog.at_level(logging.INFO, "entrepot.collection"):
        observer.removed(LINK)
        observer.removed(REMOVED)
        observer.sum_up()
    assert [record.getMessage() for record in caplog.records] == [
        f"removed: {Why.UNNEEDED}",
        f"removed: {Why.UNLINKED}",
    ]
    assert vars(caplog.records[0])["fields"]["vars.name"] == "team/app"


def test_much_is_logged_as_a_sum(caplog: pytest.LogCaptureFixture) -> None:
    observer = LoggingObserver(CollectionMetrics(None))
    with caplog.at_level(logging.INFO, "entrepot.collection"):
        for _ in range(2):
            for _ in range(1000):
                observer.removed(REMOVED)
            observer.sum_up()
    assert len(caplog.records) == 42
    assert vars(caplog.records[20])["fields"]["freed"] == 100_000


def test_what_is_done_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    metrics = WorkerMetrics(MetricsFile(folder, 1), "filesystem")
    told = CollectionMetrics(metrics)
    observer = LoggingObserver(told)
    observer.removed(REMOVED)
    observer.removed(LINK)
    observer.failed("somewhere", StorageOutage("the disk is read-only"))
    observer.swept("links", 1000, 0)
    told.queue(QueueState(1, 2, 3, 4, 5_000_000), 8_000_000)
    metrics.carry()
    for name, value in {
        "entrepot_gc_freed_bytes_total": 100,
        "entrepot_gc_links_removed_total": 1,
        "entrepot_gc_blobs_removed_total": 0,
        "entrepot_gc_errors_total": 1,
        "entrepot_gc_swept_rows_total": 1000,
        "entrepot_gc_queue_length": 10,
        "entrepot_gc_oldest_seconds": 3,
    }.items():
        assert sample(folder, name) == value, name
    metrics.close()


def test_a_look_that_fails_is_followed_by_others(caplog: pytest.LogCaptureFixture) -> None:
    looks: list[int] = []
    enough = asyncio.Event()

    async def look() -> None:
        looks.append(len(looks))
        if len(looks) == 4:
            enough.set()
        if looks[-1] == 0:
            raise MetadataOutage("locked")
        if looks[-1] == 1:
            raise ValueError

    async def live() -> None:
        collecting = Collecting(look, LoggingObserver(CollectionMetrics(None)), 0.004)
        collecting.start()
        await enough.wait()
        await collecting.stop()

    with caplog.at_level(logging.ERROR, "entrepot.collection"):
        asyncio.run(asyncio.wait_for(live(), 10))
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "garbage collection failed and will be tried again: locked",
        "garbage collection failed and will be tried again",
    ]
