"""What goes wrong behind an upload, at the worst moments, on the real drivers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.sessions import SqlUploadSessions
from entrepot.errors import MetadataOutage, StorageFull, UnknownUpload, UploadBusy
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import ANONYMOUS, OpenAccess
from entrepot.ports.blobs import Placed
from entrepot.services.upload import Chunk, Upload
from tests.model.place import Clock
from tests.waiting import PATIENCE

NAME = RepositoryName("a")
CONTENT = b"content" * 1000
DIGEST = Digest.of(CONTENT)
LEASE = 0.3


class Bench:
    """The service and its drivers, whose methods a test may replace."""

    def __init__(self, root: Path) -> None:
        prepare(root)
        migrate(root / "metadata.db", "metadata", durable=True)
        migrate(root / "sessions.db", "sessions", durable=False)
        self.uploads = Layout(root).uploads
        self.metadata = SqlMetadata(SqliteDatabase(root / "metadata.db"))
        self.sessions = SqlUploadSessions(SqliteDatabase(root / "sessions.db", durable=False))
        self.blobs = FilesystemStorage(root, threads=2)
        self.clock = Clock()
        ports = self.metadata, self.sessions, self.blobs, OpenAccess(), self.clock
        self.upload = Upload(*ports, lease=LEASE)

    async def begin(self) -> str:
        return (await self.upload.begin(ANONYMOUS, NAME)).id

    async def append(self, upload_id: str, content: bytes) -> None:
        await self.upload.append(ANONYMOUS, NAME, upload_id, Chunk(body(content)))

    async def finish(self, upload_id: str, content: bytes = b"") -> None:
        await self.upload.finish(ANONYMOUS, NAME, upload_id, DIGEST, Chunk(body(content)))

    async def stored(self) -> bytes:
        blob = await self.metadata.blob(NAME, DIGEST)
        assert blob is not None
        content = await self.blobs.open(blob.location, blob.size)
        try:
            return b"".join([piece async for piece in content.read(0, blob.size)])
        finally:
            content.close()


async def body(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content


def on_a_bench(root: Path, work: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        bench = Bench(root)
        try:
            await work(bench)
        finally:
            bench.metadata.close()
            bench.sessions.close()
            bench.blobs.close()

    asyncio.run(run())


def fail_once(owner: Any, method: str, error: Exception, patch: pytest.MonkeyPatch) -> None:
    real = getattr(owner, method)

    async def fail(*arguments: Any) -> None:
        patch.setattr(owner, method, real)
        raise error

    patch.setattr(owner, method, fail)


def test_a_put_that_the_database_refused_may_be_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(bench: Bench) -> None:
        upload_id = await bench.begin()
        await bench.append(upload_id, CONTENT)
        fail_once(bench.metadata, "change", MetadataOutage("locked"), monkeypatch)
        with pytest.raises(MetadataOutage):
            await bench.finish(upload_id)
        assert await bench.metadata.blob(NAME, DIGEST) is None
        await bench.finish(upload_id)
        assert await bench.stored() == CONTENT

    on_a_bench(tmp_path, work)


def test_an_upload_whose_state_finds_no_room_leaves_no_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(bench: Bench) -> None:
        upload_id = await bench.begin()
        fail_once(bench.sessions, "release", StorageFull("full"), monkeypatch)
        with pytest.raises(StorageFull):
            await bench.append(upload_id, CONTENT)
        assert list(bench.uploads.iterdir()) == []
        with pytest.raises(UnknownUpload):
            await bench.append(upload_id, CONTENT)

    on_a_bench(tmp_path, work)


def test_nobody_writes_to_an_upload_while_a_slow_disk_commits_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(bench: Bench) -> None:
        upload_id = await bench.begin()
        await bench.append(upload_id, CONTENT)
        commit = bench.blobs.commit

        begun, renewed, may_go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
        renew = bench.sessions.renew

        @asynccontextmanager
        async def slowly(*arguments: Any) -> AsyncIterator[Placed]:
            begun.set()
            await may_go_on.wait()
            async with commit(*arguments) as placed:
                yield placed

        async def tell(*arguments: Any) -> bool:
            held = await renew(*arguments)
            renewed.set()
            return held

        monkeypatch.setattr(bench.blobs, "commit", slowly)
        monkeypatch.setattr(bench.sessions, "renew", tell)
        finishing = asyncio.create_task(bench.finish(upload_id))
        async with asyncio.timeout(PATIENCE):
            await begun.wait()
            for _ in range(5):  # more than three leases
                bench.clock.forward(0.7 * LEASE)
                for _ in range(2):  # the first may have been under way
                    renewed.clear()
                    await renewed.wait()
                with pytest.raises(UploadBusy):
                    await bench.append(upload_id, b"more")
            may_go_on.set()
            await finishing
        assert await bench.stored() == CONTENT

    on_a_bench(tmp_path, work)
