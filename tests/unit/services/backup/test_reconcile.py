"""A restored snapshot agrees with the bytes, and nothing is collected before its grace."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from entrepot.drivers.filesystem.dates import FilesystemDates
from entrepot.drivers.sql.check import SqlInspector, SqlMender
from entrepot.drivers.sql.collection import SqlCollectionRestart
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.quarantine import SqlQuarantine
from entrepot.drivers.sql.recount import SqlUsageRecount
from entrepot.oci.digest import Digest
from entrepot.ports.backup import SnapshotContent
from entrepot.services.backup.reconcile import reconcile
from entrepot.services.backup.report import LostBlob, RestoreReport
from entrepot.services.check import Stores
from tests.unit.services.check.harness import (
    APP,
    CHILD,
    IMAGE,
    LAYER,
    LISTS,
    SHARED,
    Damaged,
    digest_of,
    with_stock,
)

LATE = Digest.of(b"pushed after the snapshot")


async def restored(stock: Damaged, adopted_at: int = 0) -> RestoreReport:
    """Let the stock be what a snapshot had, and make it agree with the bytes."""
    registry = stock.registry
    report = RestoreReport("a snapshot", 1, SnapshotContent(0, 0, 0, 0))
    with (
        closing(SqliteDatabase(stock.database, read_only=True)) as asked,
    ):
        stores = Stores(
            rows=SqlInspector(asked),
            mender=SqlMender(registry.metadata.database),
            blobs=registry.inspector,
            keeper=registry.blobs,
            sessions=registry.sessions,
            recount=SqlUsageRecount(registry.metadata.database),
            quarantine=SqlQuarantine(registry.metadata.database),
            clock=registry.clock,
        )
        collection = SqlCollectionRestart(registry.metadata.database)
        dates = FilesystemDates(registry.layout.root)
        await reconcile(stores, collection, dates, adopted_at, report)
    return report


def place(stock: Damaged, digest: Digest, content: bytes, age: float) -> Path:
    path = Path(stock.registry.layout.path(stock.registry.layout.location(digest)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def candidates(database: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return [
            *connection.execute("SELECT since FROM link_candidates"),
            *connection.execute("SELECT since FROM manifest_candidates"),
            *connection.execute("SELECT location FROM doomed_bytes"),
        ]


def test_where_nothing_was_lost_there_is_nothing_to_tell() -> None:
    async def work(stock: Damaged) -> None:
        before = stock.rows()
        report = await restored(stock)
        assert (report.lost_blobs, report.unknown_files, report.counters) == ([], 0, 0)
        assert stock.rows() == before

    with_stock(work)


def test_blobs_whose_bytes_are_gone_are_named_with_their_images() -> None:
    async def work(stock: Damaged) -> None:
        stock.file(SHARED).unlink()
        os.truncate(stock.file(LAYER), 3)
        report = await restored(stock)
        lost = {one.digest: one for one in report.lost_blobs}
        assert lost[digest_of(LAYER)] == LostBlob(
            digest_of(LAYER), "wrong size", (f"{APP}:latest",)
        )
        assert set(lost[digest_of(SHARED)].images) == {
            f"{APP}:latest",
            f"{LISTS}@{CHILD.digest}",
        }
        found = await stock.registry.metadata.blob(APP, digest_of(LAYER))
        assert found is not None
        assert found.quarantined

    with_stock(work)


def test_what_was_in_quarantine_then_and_is_whole_now_is_served_again() -> None:
    async def work(stock: Damaged) -> None:
        stock.sql(
            "UPDATE blobs SET quarantined_at = 5, quarantine_reason = 'missing'"
            f" WHERE digest = '{digest_of(LAYER)}'"
        )
        report = await restored(stock)
        assert (report.released, report.lost_blobs) == (1, [])
        found = await stock.registry.metadata.blob(APP, digest_of(LAYER))
        assert found is not None
        assert not found.quarantined

    with_stock(work)


def test_bytes_that_the_snapshot_does_not_know_are_told_and_dated_anew() -> None:
    async def work(stock: Damaged) -> None:
        path = place(stock, LATE, b"pushed after the snapshot", age=30 * 86_400)
        report = await restored(stock)
        assert (report.unknown_files, report.unknown_bytes) == (1, 25)
        assert path.read_bytes() == b"pushed after the snapshot"
        assert time.time() - path.stat().st_mtime < 60

    with_stock(work)


def test_files_of_docker_registry_that_nobody_knows_keep_their_dates() -> None:
    async def work(stock: Damaged) -> None:
        path = place(stock, LATE, b"of schema 1", age=30 * 86_400)
        before = path.stat().st_mtime
        report = await restored(stock, adopted_at=int((time.time() - 86_400) * 1_000_000))
        assert report.unknown_files == 0
        assert path.stat().st_mtime == before

    with_stock(work)


def test_files_of_manifests_are_not_unknown() -> None:
    async def work(stock: Damaged) -> None:
        place(stock, CHILD.digest, CHILD.payload, age=30 * 86_400)
        place(stock, IMAGE.digest, IMAGE.payload, age=30 * 86_400)
        assert (await restored(stock)).unknown_files == 0
        assert await stock.check(verify=True) == []

    with_stock(work)


def test_whatever_waited_to_be_collected_waits_anew() -> None:
    async def work(stock: Damaged) -> None:
        stock.sql(
            "INSERT INTO link_candidates (repository_id, blob_id, since) VALUES (1, 1, 12345)",
            "INSERT INTO manifest_candidates (manifest_id, since) VALUES (1, 12345)",
            "INSERT INTO doomed_bytes (location, digest, size) VALUES ('somewhere', 'x', 1)",
        )
        await restored(stock)
        assert candidates(stock.database) == [(None,), (None,)]

    with_stock(work)


def test_wrong_counters_are_set_right() -> None:
    async def work(stock: Damaged) -> None:
        stock.sql("UPDATE repository_usage SET blob_bytes = blob_bytes + 1000")
        assert (await restored(stock)).counters > 0
        assert await stock.check() == []

    with_stock(work)
