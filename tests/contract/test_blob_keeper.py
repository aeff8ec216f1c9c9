import time

import pytest

from entrepot.errors import DamagedBlob
from entrepot.ports.blobs import BlobStorage, Location
from tests.contract.storages import Storages
from tests.contract.uploading import MIB, keep, read_all, send, some_bytes

pytestmark = pytest.mark.anyio


async def test_uploads_that_have_bytes_are_listed_with_size_and_time(
    storages: Storages, storage: BlobStorage
) -> None:
    before = time.time_ns() // 1000
    for number, size in enumerate((1, 1_000, MIB + 1)):
        await send(storage, await storage.begin(f"u{number}", "sha256"), some_bytes(size))
    after = time.time_ns() // 1000
    found = {upload.upload_id: upload async for upload in storages.open().uploads()}
    assert {name: upload.size for name, upload in found.items()} == {
        "u0": 1,
        "u1": 1_000,
        "u2": MIB + 1,
    }
    slack = 20_000  # a file system's clock ticks every few milliseconds
    assert all(before - slack <= upload.touched_at <= after for upload in found.values())


async def test_a_storage_without_uploads_lists_none(storage: BlobStorage) -> None:
    await keep(storage, b"blob")
    assert [upload async for upload in storage.uploads()] == []


async def test_uploads_may_end_while_they_are_listed(storage: BlobStorage) -> None:
    for number in range(5):
        await send(storage, await storage.begin(f"u{number}", "sha256"), b"abc")
    seen = set()
    async for upload in storage.uploads():
        seen.add(upload.upload_id)
        for number in range(5):
            await storage.abort(f"u{number}")
    assert seen <= {f"u{number}" for number in range(5)}
    assert [upload async for upload in storage.uploads()] == []


async def test_a_deleted_blob_is_gone_and_others_stay(
    storages: Storages, storage: BlobStorage
) -> None:
    gone, stays = await keep(storage, b"gone"), await keep(storage, b"stays", "v")
    await storages.open().delete(gone)
    assert storages.stored(gone) is None
    with pytest.raises(DamagedBlob):
        await storage.open(gone, 4)
    assert await read_all(storage, stays, 5) == b"stays"


async def test_deleting_what_is_gone_does_nothing(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, b"gone")
    storages.damage(location, None)
    await storage.delete(location)
    await storage.delete(location)
    with pytest.raises(DamagedBlob):
        await storage.open(location, 4)


async def test_a_deleted_blob_can_be_pushed_again(storages: Storages, storage: BlobStorage) -> None:
    for upload_id in ("u", "v"):
        location: Location = await keep(storage, b"again", upload_id)
        assert storages.stored(location) == b"again"
        await storage.delete(location)


async def test_a_storage_that_works_says_so_and_keeps_no_trace_of_it(
    storages: Storages, storage: BlobStorage
) -> None:
    await storage.check()
    await storages.open().check()
    assert [upload async for upload in storage.uploads()] == []
