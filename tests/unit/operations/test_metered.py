import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.timed_database import TimedDatabase
from entrepot.errors import DamagedBlob, UnknownUpload
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.operations.metered_storage import metered
from entrepot.operations.metrics_file import MetricsFile
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.blobs import BlobStorage, Claim, Location, Placed, UploadState
from entrepot.ports.metadata import Transaction
from tests.contract.uploading import CLAIM, committed, not_needed
from tests.unit.operations.test_worker_metrics import sample

CONTENT = b"0123456789" * 200_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "metrics").mkdir()
    return tmp_path


@pytest.fixture
def metrics(folder: Path) -> Iterator[WorkerMetrics]:
    metrics = WorkerMetrics(MetricsFile(folder / "metrics", 1), "filesystem")
    yield metrics
    metrics.close()


@pytest.fixture
def driver(folder: Path) -> Iterator[FilesystemStorage]:
    prepare(folder / "data")
    storage = FilesystemStorage(folder / "data", threads=2)
    yield storage
    storage.close()


def counted(folder: Path, metrics: WorkerMetrics) -> dict[str, float]:
    metrics.carry()
    name = "registry_storage_action_seconds_count"
    actions = ("Reader", "Read", "Writer", "Write", "Flush", "Commit", "Delete")
    found = {
        action: sample(folder / "metrics", name, driver="filesystem", action=action)
        for action in actions
    }
    return {action: count for action, count in found.items() if count is not None}


def uploads(folder: Path, outcome: str) -> float | None:
    return sample(folder / "metrics", "entrepot_uploads_total", outcome=outcome)


async def keep(storage: BlobStorage, content: bytes) -> Location:
    state = await storage.begin("an-upload", "sha256")
    async with await storage.append(state, CLAIM) as part:
        await part.write(content)
        state = await part.flush()
    return await committed(storage, state, Digest.of(content))


async def read_all(storage: BlobStorage, location: Location, size: int) -> bytes:
    content = await storage.open(location, size)
    try:
        return b"".join([piece async for piece in content.read(0, size)])
    finally:
        content.close()


def test_steps_of_a_push_and_a_pull_are_counted(
    folder: Path, metrics: WorkerMetrics, driver: FilesystemStorage
) -> None:
    async def story() -> None:
        storage = metered(driver, metrics)
        location = await keep(storage, CONTENT)
        assert await read_all(storage, location, len(CONTENT)) == CONTENT
        await storage.delete(location, not_needed)
        await storage.check()
        assert [stray async for stray in storage.uploads()] == []
        assert storage.minimum_chunk == 0

    asyncio.run(story())
    counts = counted(folder, metrics)
    assert counts.pop("Read") >= 1
    one_each = ("Reader", "Writer", "Write", "Flush", "Commit", "Delete")
    assert counts == dict.fromkeys(one_each, 1)
    assert (uploads(folder, "started"), uploads(folder, "finished")) == (1, 1)


def test_failures_are_timed_and_passed_on(
    folder: Path, metrics: WorkerMetrics, driver: FilesystemStorage
) -> None:
    async def story() -> None:
        storage = metered(driver, metrics)
        gone = UploadState("gone", "sha256", 10, b"")
        with pytest.raises(UnknownUpload):
            await storage.append(gone, CLAIM)
        await storage.abort(gone)

    asyncio.run(story())
    assert counted(folder, metrics) == {"Writer": 1}
    assert uploads(folder, "dropped") == 1


def test_damaged_blobs_are_counted(
    folder: Path, metrics: WorkerMetrics, driver: FilesystemStorage
) -> None:
    async def story() -> None:
        storage = metered(driver, metrics)
        location = await keep(storage, CONTENT)
        path = Layout(folder / "data").path(location)
        content = await storage.open(location, len(CONTENT))
        os.truncate(path, 1000)
        with pytest.raises(DamagedBlob):
            async for _ in content.read(0, len(CONTENT)):
                pass
        content.close()
        with pytest.raises(DamagedBlob):
            await storage.open(location, len(CONTENT))

    asyncio.run(story())
    metrics.carry()
    assert sample(folder / "metrics", "entrepot_damaged_blobs_total") == 2


def test_a_reader_that_stops_early_leaves_nothing_open(
    metrics: WorkerMetrics, driver: FilesystemStorage
) -> None:
    async def story() -> None:
        storage = metered(driver, metrics)
        location = await keep(storage, CONTENT)
        content = await storage.open(location, len(CONTENT))
        pieces = content.read(0, len(CONTENT))
        assert CONTENT.startswith(await anext(pieces))
        assert isinstance(pieces, AsyncGenerator)
        await pieces.aclose()
        content.close()

    asyncio.run(story())


class Telling(FilesystemStorage):
    """Notes how the blocks of its commits end."""

    @asynccontextmanager
    async def commit(
        self, state: UploadState, digest: Digest, claim: Claim
    ) -> AsyncIterator[Placed]:
        async with super().commit(state, digest, claim) as placed:
            try:
                yield placed
            except BaseException as error:
                self.told = error
                raise


def test_the_driver_learns_that_what_a_commit_was_for_has_failed(
    folder: Path, metrics: WorkerMetrics
) -> None:
    async def story() -> BaseException:
        prepare(folder / "data")
        driver = Telling(folder / "data", threads=2)
        storage = metered(driver, metrics)
        state = await storage.begin("an-upload", "sha256")
        async with await storage.append(state, CLAIM) as part:
            await part.write(CONTENT)
            state = await part.flush()
        with pytest.raises(KeyError):
            async with storage.commit(state, Digest.of(CONTENT), CLAIM):
                raise KeyError
        driver.close()
        return driver.told

    assert isinstance(asyncio.run(story()), KeyError)


def test_a_small_piece_is_read_at_once(
    metrics: WorkerMetrics, driver: FilesystemStorage, folder: Path
) -> None:
    async def story() -> None:
        storage = metered(driver, metrics)
        content = await storage.open(await keep(storage, b"small"), 5)
        assert content.read_now(0, 5) == b"small"
        content.close()

    asyncio.run(story())
    assert counted(folder, metrics)["Read"] == 1


def test_calls_of_the_database_are_timed(folder: Path, metrics: WorkerMetrics) -> None:
    migrate(folder / "metadata.db", "metadata", durable=True)
    name, digest = RepositoryName("library/app"), Digest.of(b"")

    async def story() -> None:
        database = SqliteDatabase(folder / "metadata.db", observe=metrics.transaction)
        metadata = SqlMetadata(TimedDatabase(database, metrics.database))

        async def change(transaction: Transaction) -> str:
            await transaction.repository(name, 1)
            return "done"

        assert await metadata.change(change) == "done"
        assert await metadata.repository_exists(name)
        assert await metadata.manifest_by_tag(name, Tag("latest")) is None
        assert await metadata.manifest_by_digest(name, digest) is None
        assert await metadata.blob(name, digest) is None
        assert await metadata.confirm_blob(name, digest, lambda: 1) is None
        assert await metadata.confirm_manifest(name, digest, lambda: 1) is None
        assert not await metadata.has_location(Location("nowhere"))
        assert await metadata.referrers(name, digest, None, "", 10) == []
        assert await metadata.listed_referrers(name, Tag("t"), "", 10) == ([], None)
        assert await metadata.repositories_with_blob(digest, 0, 10) == []
        assert await metadata.tags(name, "", 10) == []
        assert await metadata.repositories("", 10) == []
        assert not (await metadata.held(name, digest)).repository
        assert (await metadata.used(name)).repository.tags == 0
        await metadata.check()
        metadata.close()

    asyncio.run(story())
    metrics.carry()
    timed = "entrepot_database_action_seconds_count"
    asked = {"manifest_by_tag": 1, "manifest_by_digest": 1, "tags": 1, "transaction": 2}
    for action, times in asked.items():
        assert sample(folder / "metrics", timed, action=action) == times, action
    # The change, and what check() tries.
    assert sample(folder / "metrics", "entrepot_database_transaction_changes_sum") == 2
