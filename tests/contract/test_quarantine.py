from dataclasses import replace

import pytest

from entrepot.ports.blobs import Location
from entrepot.ports.metadata import Metadata, StoredBlob, Transaction
from entrepot.ports.quarantine import Quarantine, QuarantinedRow, Reason
from tests.contract.databases import QuarantineDatabase
from tests.contract.pushing import APP, OTHER, give_blobs, some_blob

pytestmark = pytest.mark.anyio

BLOB, STAYS = some_blob("content"), some_blob("stays")


async def keep(metadata: Metadata, blob: StoredBlob) -> StoredBlob:
    async def change(transaction: Transaction) -> StoredBlob:
        return await transaction.keep_blob(blob, 2)

    return await metadata.change(change)


async def sizes(metadata: Metadata, *blobs: StoredBlob) -> dict[str, int]:
    async def change(transaction: Transaction) -> dict[str, int]:
        number = await transaction.repository(APP, 1)
        return await transaction.blob_sizes(number, [blob.digest for blob in blobs])

    return await metadata.change(change)


async def test_a_blob_in_quarantine_is_known_and_marked(
    quarantines: QuarantineDatabase, metadata: Metadata, quarantine: Quarantine
) -> None:
    await give_blobs(metadata, APP, BLOB, STAYS)
    await give_blobs(metadata, OTHER, BLOB)
    assert await quarantine.put(BLOB, Reason.WRONG_BYTES, 7)
    for name in (APP, OTHER):
        assert await metadata.blob(name, BLOB.digest) == replace(BLOB, quarantined=True)
    assert await metadata.blob(APP, STAYS.digest) == STAYS
    marked = replace(BLOB, quarantined=True)
    (row,) = await quarantines.open().listed(0, 10)
    assert row == QuarantinedRow(row.number, marked, 7, Reason.WRONG_BYTES)


async def test_a_manifest_cannot_be_pushed_that_needs_it(
    metadata: Metadata, quarantine: Quarantine
) -> None:
    await give_blobs(metadata, APP, BLOB, STAYS)
    await quarantine.put(BLOB, Reason.MISSING, 7)
    assert await sizes(metadata, BLOB, STAYS) == {STAYS.digest: STAYS.size}


async def test_the_first_reason_and_time_stay(metadata: Metadata, quarantine: Quarantine) -> None:
    await give_blobs(metadata, APP, BLOB)
    assert await quarantine.put(BLOB, Reason.MISSING, 7)
    assert not await quarantine.put(BLOB, Reason.WRONG_BYTES, 8)
    (row,) = await quarantine.listed(0, 10)
    assert (row.since, row.reason) == (7, Reason.MISSING)


@pytest.mark.parametrize(
    "other",
    [
        some_blob("unknown"),
        replace(BLOB, size=BLOB.size + 1),
        replace(BLOB, location=Location("elsewhere")),
    ],
)
async def test_only_the_row_that_was_looked_at_is_marked(
    metadata: Metadata, quarantine: Quarantine, other: StoredBlob
) -> None:
    await give_blobs(metadata, APP, BLOB)
    assert not await quarantine.put(other, Reason.MISSING, 7)
    assert await metadata.blob(APP, BLOB.digest) == BLOB


async def test_a_push_heals_it_with_its_own_size_and_place(
    metadata: Metadata, quarantine: Quarantine
) -> None:
    await give_blobs(metadata, APP, BLOB)
    await quarantine.put(BLOB, Reason.WRONG_SIZE, 7)
    better = replace(BLOB, size=BLOB.size + 5, location=Location("elsewhere"))
    assert await keep(metadata, better) == better
    assert await metadata.blob(APP, BLOB.digest) == better
    assert await quarantine.listed(0, 10) == []


async def test_a_push_of_a_good_blob_changes_nothing(
    metadata: Metadata, quarantine: Quarantine
) -> None:
    await give_blobs(metadata, APP, BLOB, STAYS)
    await quarantine.put(BLOB, Reason.MISSING, 7)
    assert await keep(metadata, replace(STAYS, location=Location("elsewhere"))) == STAYS
    assert await metadata.blob(APP, STAYS.digest) == STAYS


async def test_it_is_released_by_whoever_knows_since_when_it_is_there(
    metadata: Metadata, quarantine: Quarantine
) -> None:
    await give_blobs(metadata, APP, BLOB)
    await quarantine.put(BLOB, Reason.MISSING, 7)
    assert not await quarantine.release(BLOB, 8)
    assert not await quarantine.release(STAYS, 7)
    assert await quarantine.release(BLOB, 7)
    assert await metadata.blob(APP, BLOB.digest) == BLOB
    assert not await quarantine.release(BLOB, 7)


async def test_pages_hold_all_of_it(metadata: Metadata, quarantine: Quarantine) -> None:
    blobs = [some_blob(f"blob {number}") for number in range(25)]
    await give_blobs(metadata, APP, *blobs)
    for blob in blobs[::2]:
        await quarantine.put(blob, Reason.MISSING, 7)
    found: list[StoredBlob] = []
    after = 0
    while page := await quarantine.listed(after, 4):
        found += [row.blob for row in page]
        after = page[-1].number
    assert found == [replace(blob, quarantined=True) for blob in blobs[::2]]
