"""Blobs that are committed with their content, and made durable later."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStorage, Placed, Settled, Upload
from tests.contract.storages import Storages
from tests.contract.uploading import CLAIM, MIB, committed, keep, not_needed, send, some_bytes

pytestmark = pytest.mark.anyio


async def place(storage: BlobStorage, content: bytes, upload_id: str = "u") -> Placed:
    state = await send(storage, await storage.begin(upload_id, "sha256"), content)
    async with storage.commit(state, Digest.of(content), CLAIM) as placed:
        return placed


async def test_what_waits_is_given_with_its_place_and_is_settled_once(
    storages: Storages, storage: BlobStorage
) -> None:
    assert await storage.settle() == Settled()
    placed = await place(storage, b"small")
    assert placed.upload == Upload(Digest.of(b"small"), "u")
    assert placed.content in (None, b"small")
    assert storages.stored(placed.location) == b"small"
    settled = await storage.settle()
    assert settled == Settled(() if placed.content is None else (placed.upload,))
    assert await storage.settle() == Settled()
    assert storages.stored(placed.location) == b"small"


async def test_nothing_waits_in_a_storage_that_nobody_asks_to_settle(storage: BlobStorage) -> None:
    assert (await place(storage, b"small")).content is None


async def test_only_small_blobs_wait(storage: BlobStorage) -> None:
    await storage.settle()
    assert (await place(storage, some_bytes(MIB))).content is None


async def test_a_blob_that_waits_can_be_pushed_again_and_deleted(
    storages: Storages, storage: BlobStorage
) -> None:
    await storage.settle()
    first = await place(storage, b"small", "u")
    second = await place(storages.open(), b"small", "v")
    assert second.content is None, "a file that has the name may be the only good one"
    assert storages.stored(first.location) == b"small"
    assert await storage.delete(first.location, not_needed)
    await storage.settle()
    assert storages.stored(first.location) is None


@pytest.mark.parametrize("there", [b"small", b"smal", b"wrong", None])
async def test_content_is_put_whatever_lies_there(
    storages: Storages, storage: BlobStorage, there: bytes | None
) -> None:
    location = await keep(storage, b"small")
    storages.damage(location, there)
    await storages.open().put(location, b"small")
    assert storages.stored(location) == b"small"
    assert [upload async for upload in storage.uploads()] == []


async def test_a_commit_that_is_repeated_leaves_the_blob_whole(
    storages: Storages, storage: BlobStorage
) -> None:
    await storage.settle()
    state = await send(storage, await storage.begin("u", "sha256"), b"small")
    await committed(storage, state, Digest.of(b"small"))
    async with storages.open().commit(state, Digest.of(b"small"), CLAIM) as placed:
        assert placed.content is None, "nobody will settle what another process has committed"
    assert storages.stored(placed.location) == b"small"
