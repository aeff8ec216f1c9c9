"""A small blob is as durable as its row, whatever becomes of its file before that is synced."""

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.drivers.filesystem import unsettled
from entrepot.drivers.filesystem.storage import FilesystemStorage
from entrepot.drivers.sql.database import Session
from entrepot.drivers.sql.redo import SqlRedoLog
from entrepot.errors import StorageOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.services.redo import ALL_TIME, Redo
from entrepot.services.upload import Chunk, Upload
from tests.unit.services.registry import CAROL, Registry, with_registry

APP = RepositoryName("team/app")
CONTENT = b"a small layer" * 100
DIGEST = Digest.of(CONTENT)


class Worker:
    """A worker whose small blobs are settled when the test says so."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.blobs = FilesystemStorage(registry.layout.root, threads=1)
        self.log = SqlRedoLog(registry.metadata.database)
        self.redo = Redo(self.log, self.blobs)

    async def push(self, content: bytes = CONTENT) -> Path:
        registry = self.registry
        upload = Upload(
            registry.metadata, registry.sessions, self.blobs, registry.access, registry.clock
        )
        await upload.whole(CAROL, APP, Digest.of(content), Chunk(body(content)))
        return Path(registry.layout.path(registry.layout.location(Digest.of(content))))

    async def waiting(self) -> list[bytes]:
        return [row.content for row in await self.log.waiting(ALL_TIME, 0, 100)]


async def body(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def settling(registry: Registry) -> Worker:
    worker = Worker(registry)
    await worker.redo.settle()
    return worker


def test_the_content_is_kept_until_the_file_is_on_the_disk() -> None:
    async def work(registry: Registry) -> None:
        worker = await settling(registry)
        path = await worker.push()
        assert path.read_bytes() == CONTENT
        assert await worker.waiting() == [CONTENT]
        assert await worker.redo.settle() == 1
        assert await worker.waiting() == []
        assert await worker.redo.settle() == 0
        worker.blobs.close()

    with_registry(work)


def test_what_is_synced_by_its_commit_is_not_kept() -> None:
    async def work(registry: Registry) -> None:
        worker = Worker(registry)
        await worker.push()
        assert await worker.waiting() == []
        await worker.redo.settle()
        await worker.push(b"x" * (unsettled.LARGEST_BYTES + 1))
        assert await worker.waiting() == []
        await worker.push(b"y" * unsettled.LARGEST_BYTES)
        assert len(await worker.waiting()) == 1
        worker.blobs.close()

    with_registry(work)


def lose(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    path.parent.parent.rmdir()


def cut(path: Path) -> None:
    os.truncate(path, 100)


def zero(path: Path) -> None:
    path.write_bytes(bytes(len(CONTENT)))


@pytest.mark.parametrize("damage", [lose, cut, zero])
def test_a_start_after_a_power_loss_writes_what_the_disk_has_not(damage: object) -> None:
    async def work(registry: Registry) -> None:
        path = await (await settling(registry)).push()
        assert callable(damage)
        damage(path)
        restarted = Worker(registry)
        assert await restarted.redo.replay() == 1
        assert path.read_bytes() == CONTENT
        assert await restarted.waiting() == []
        restarted.blobs.close()

    with_registry(work)


def test_a_replay_beside_its_worker_leaves_the_blob_whole() -> None:
    async def work(registry: Registry) -> None:
        worker = await settling(registry)
        path = await worker.push()
        assert await Worker(registry).redo.replay(registry.clock.now()) == 0
        assert await Worker(registry).redo.replay(registry.clock.now() + 1) == 1
        await worker.redo.settle()
        assert path.read_bytes() == CONTENT
        assert await worker.waiting() == []
        worker.blobs.close()

    with_registry(work)


def failing_sync(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    """Let the disk refuse to sync what has this in its path."""
    fsync = os.fsync

    def refuse(file: int) -> None:
        if wanted in os.readlink(f"/proc/self/fd/{file}"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(file)

    monkeypatch.setattr(os, "fsync", refuse)


@pytest.mark.parametrize("what", ["the file", "a folder"])
def test_what_cannot_be_synced_is_written_again_from_its_row(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    async def work(registry: Registry) -> None:
        worker = await settling(registry)
        path = await worker.push()
        before = path.stat().st_ino
        with monkeypatch.context() as patch:
            if what == "the file":
                # Open since it was an upload, whose name is gone.
                failing_sync(patch, " (deleted)")
            else:
                patch.setattr(unsettled, "sync_directory", refused_folder)
            assert await worker.redo.settle() == 1
        assert path.stat().st_ino != before, "what was written once is not to be trusted"
        assert path.read_bytes() == CONTENT
        assert await worker.waiting() == []
        worker.blobs.close()

    with_registry(work)


def refused_folder(path: str) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO), path)


def test_while_nothing_can_be_written_rows_stay_and_commits_wait_for_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(registry: Registry) -> None:
        worker = await settling(registry)
        path = await worker.push()
        with monkeypatch.context() as patch:
            failing_sync(patch, "")
            for _ in range(2):
                with pytest.raises(StorageOutage):
                    await worker.redo.settle()
            assert await worker.waiting() == [CONTENT]
            with pytest.raises(StorageOutage):
                await worker.push(b"another")
            assert await worker.waiting() == [CONTENT], "nothing else waits for such a disk"
        await worker.redo.settle()
        assert path.read_bytes() == CONTENT
        assert await worker.waiting() == []
        await worker.push(b"another")
        assert await worker.waiting() == [b"another"]
        worker.blobs.close()

    with_registry(work)


def test_a_row_of_a_later_push_is_not_taken_for_an_earlier_one() -> None:
    """Between them the blob was collected: the later file is another one."""

    async def work(registry: Registry) -> None:
        first, second = await settling(registry), await settling(registry)
        path = await first.push()
        path.unlink()
        path.parent.rmdir()
        await second.push()
        await first.redo.settle()
        assert await first.waiting() == [CONTENT]
        await second.redo.settle()
        assert await first.waiting() == []
        first.blobs.close()
        second.blobs.close()

    with_registry(work)


def test_a_blob_that_is_collected_is_not_written_again() -> None:
    async def work(registry: Registry) -> None:
        worker = await settling(registry)
        path = await worker.push()

        async def collect(session: Session) -> int:
            await session.run("unlink_blob", repository=1, digest=DIGEST)
            return await session.run("delete_blob", blob=1)

        assert await registry.metadata.database.transaction(collect) == 1
        path.unlink()
        assert await worker.redo.replay() == 0
        await worker.redo.settle()
        assert not path.exists()
        worker.blobs.close()

    with_registry(work)


def test_no_more_waits_than_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsettled, "_MOST_BYTES", 3 * len(CONTENT))

    async def work(registry: Registry) -> None:
        worker = await settling(registry)
        for number in range(5):
            await worker.push(CONTENT[:-1] + bytes([number]))
        assert len(await worker.waiting()) == 3
        await worker.redo.settle()
        assert await worker.waiting() == []
        await worker.push()
        assert await worker.waiting() == [CONTENT]
        worker.blobs.close()

    with_registry(work)
