"""Reading an upload while it is written, by whoever knows its id."""

from contextlib import closing

import pytest

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStorage, UploadReader
from tests.contract.storages import Storages
from tests.contract.uploading import CLAIM, MIB, committed, send, some_bytes

pytestmark = pytest.mark.anyio


async def opened(storage: BlobStorage, upload_id: str = "u") -> UploadReader:
    reader = await storage.follow(upload_id)
    assert reader is not None
    return reader


async def test_an_upload_without_bytes_cannot_be_followed_yet(storage: BlobStorage) -> None:
    assert await storage.follow("u") is None
    await storage.begin("u", "sha256")
    assert await storage.follow("u") is None


async def test_what_has_arrived_is_read_by_every_instance(storages: Storages) -> None:
    writer, content = storages.open(), some_bytes(2 * MIB)
    state = await send(writer, await writer.begin("u", "sha256"), content[:1_000])
    with closing(await opened(writer)) as near, closing(await opened(storages.open())) as far:
        for reader in (near, far):
            assert await reader.read(0, MIB) == content[:1_000]
            assert await reader.read(999, MIB) == content[999:1_000]
            assert await reader.read(1_000, MIB) == b""
            assert await reader.read(5_000, MIB) == b""
            assert reader.size() == 1_000
        state = await send(writer, state, content[1_000:])
        for reader in (near, far):
            assert await reader.read(1_000, 500) == content[1_000:1_500]
            assert await reader.read(MIB, 4 * MIB) == content[MIB:]


async def test_bytes_can_be_read_before_the_request_that_brings_them_ends(
    storages: Storages,
) -> None:
    writer, content = storages.open(), some_bytes(3 * MIB)
    async with await writer.append(await writer.begin("u", "sha256"), CLAIM) as part:
        await part.write(content)
        state = await part.flush()
        with closing(await opened(storages.open())) as reader:
            assert await reader.read(0, 4 * MIB) == content[: state.received]
            await part.write(b"more")
            await part.flush()
            assert await reader.read(3 * MIB, MIB) == b"more"


async def test_what_was_cut_off_comes_again(storages: Storages) -> None:
    writer, content = storages.open(), some_bytes(100_000)
    early = await send(writer, await writer.begin("u", "sha256"), content[:10_000])
    await send(writer, early, content[10_000:60_000])
    with closing(await opened(storages.open())) as reader:
        assert await reader.read(10_000, 100) == content[10_000:10_100]
        state = await send(storages.open(), early, content[10_000:20_000])
        assert await reader.read(50_000, 100) == b""
        assert reader.size() == 20_000
        await send(storages.open(), state, content[20_000:])
        assert await reader.read(50_000, 100_000) == content[50_000:]


@pytest.mark.parametrize("size", [1, 4_000, 100_000, 2 * MIB])
async def test_a_reader_outlives_the_commit(storages: Storages, size: int) -> None:
    writer, content = storages.open(), some_bytes(size)
    state = await send(writer, await writer.begin("u", "sha256"), content)
    with closing(await opened(storages.open())) as reader:
        await committed(writer, state, Digest.of(content))
        assert await reader.read(0, size + 1) == content
        assert await storages.open().follow("u") is None


async def test_a_reader_outlives_an_abort_and_closing_twice_is_allowed(
    storage: BlobStorage,
) -> None:
    state = await send(storage, await storage.begin("u", "sha256"), b"abc")
    reader = await opened(storage)
    await storage.abort(state)
    assert await reader.read(0, 9) in (b"abc", b"")
    assert await storage.follow("u") is None
    reader.close()
    reader.close()
