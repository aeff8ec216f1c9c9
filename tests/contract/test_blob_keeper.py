import asyncio
import time
from dataclasses import replace

import pytest

from entrepot.errors import DamagedBlob
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStorage, Location, StoredBytes
from tests.contract.storages import Storages
from tests.contract.uploading import (
    CLAIM,
    MIB,
    committed,
    keep,
    needed,
    not_needed,
    read_all,
    send,
    some_bytes,
)

pytestmark = pytest.mark.anyio


async def test_uploads_that_have_bytes_are_listed_with_size_and_time(
    storages: Storages, storage: BlobStorage
) -> None:
    before = time.time_ns() // 1000
    for number, size in enumerate((1, 1_000, MIB + 1)):
        await send(storage, await storage.begin(f"u{number}", "sha256"), some_bytes(size))
    after = time.time_ns() // 1000
    found = {upload.state.upload_id: upload async for upload in storages.open().uploads()}
    assert {name: upload.state.received for name, upload in found.items()} == {
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
        seen.add(upload.state.upload_id)
        for number in range(5):
            await storage.abort(replace(upload.state, upload_id=f"u{number}"))
    assert seen <= {f"u{number}" for number in range(5)}
    assert [upload async for upload in storage.uploads()] == []


async def test_a_deleted_blob_is_gone_and_others_stay(
    storages: Storages, storage: BlobStorage
) -> None:
    gone, stays = await keep(storage, b"gone"), await keep(storage, b"stays", "v")
    assert await storages.open().delete(gone, not_needed)
    assert storages.stored(gone) is None
    with pytest.raises(DamagedBlob):
        await storage.open(gone, 4)
    assert await read_all(storage, stays, 5) == b"stays"


async def test_deleting_what_is_gone_does_nothing(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, b"gone")
    storages.damage(location, None)
    await storage.delete(location, not_needed)
    await storage.delete(location, not_needed)
    with pytest.raises(DamagedBlob):
        await storage.open(location, 4)


async def test_a_deleted_blob_can_be_pushed_again(storages: Storages, storage: BlobStorage) -> None:
    for upload_id in ("u", "v"):
        location: Location = await keep(storage, b"again", upload_id)
        assert storages.stored(location) == b"again"
        await storage.delete(location, not_needed)


async def test_a_storage_that_works_says_so_and_keeps_no_trace_of_it(
    storages: Storages, storage: BlobStorage
) -> None:
    await storage.check()
    await storages.open().check()
    assert [upload async for upload in storage.uploads()] == []


async def test_bytes_that_are_needed_after_all_stay(
    storages: Storages, storage: BlobStorage
) -> None:
    location = await keep(storage, b"stays")
    assert not await storages.open().delete(location, needed)
    assert storages.stored(location) == b"stays"


async def test_bytes_that_are_being_committed_are_looked_at_again_only_when_that_is_over(
    storages: Storages, storage: BlobStorage
) -> None:
    """Else the commit would make known what is gone a moment later."""
    location = await keep(storage, b"again")
    state = await send(storage, await storage.begin("v", "sha256"), b"again")
    known: list[Location] = []

    async def is_known() -> bool:
        return location in known

    async with storage.commit(state, Digest.of(b"again"), CLAIM) as committed_to:
        deletion = asyncio.create_task(storages.open().delete(location, is_known))
        await asyncio.sleep(0.05)
        known.append(committed_to.location)
    await deletion
    assert storages.stored(known[0]) == b"again"


async def test_a_commit_beside_a_deletion_waits_for_it(
    storages: Storages, storage: BlobStorage
) -> None:
    location = await keep(storage, b"again")
    states = [
        await send(storage, await storage.begin(f"u{number}", "sha256"), b"again")
        for number in range(3)
    ]

    async def commit_meanwhile() -> bool:
        commits.extend(
            asyncio.create_task(committed(storage, state, Digest.of(b"again"))) for state in states
        )
        await asyncio.sleep(0.05)
        return False

    commits: list[asyncio.Task[Location]] = []
    await storages.open().delete(location, commit_meanwhile)
    for kept in await asyncio.gather(*commits):
        assert storages.stored(kept) == b"again"


async def test_every_blob_is_listed_with_size_and_time(
    storages: Storages, storage: BlobStorage
) -> None:
    before = time.time_ns() // 1000
    wanted = {}
    for number in range(600):  # more than a page of any driver
        content = some_bytes(number % 7, number)
        wanted[await keep(storage, content, f"u{number}")] = len(content)
    after = time.time_ns() // 1000
    found: list[StoredBytes] = []
    while page := await storages.open().stored("", found[-1].location if found else "", 250):
        found += page
    assert [stored.location for stored in found] == sorted(wanted)
    assert {stored.location: stored.size for stored in found} == wanted
    slack = 20_000
    assert all(before - slack <= stored.touched_at <= after for stored in found)


async def test_a_storage_without_blobs_lists_none(storage: BlobStorage) -> None:
    assert await storage.stored("", "", 10) == []


async def test_a_part_of_the_blobs_is_listed_by_what_their_locations_begin_with(
    storage: BlobStorage,
) -> None:
    kept = sorted([await keep(storage, bytes([number]), f"u{number}") for number in range(40)])
    for begin in {kept[7][:size] for size in range(len(kept[7]) + 1)}:
        wanted = [location for location in kept if location.startswith(begin)]
        found = [stored.location for stored in await storage.stored(begin, "", 100)]
        assert found == wanted
        assert [stored.location for stored in await storage.stored(begin, wanted[0], 1)] == (
            wanted[1:2]
        )


async def test_what_nobody_can_need_is_deleted_without_asking(
    storages: Storages, storage: BlobStorage
) -> None:
    location = await keep(storage, b"gone")
    assert await storage.delete(location, None)
    assert storages.stored(location) is None
