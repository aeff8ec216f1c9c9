import asyncio

import pytest

from entrepot.drivers.memory.storage import MemoryStorage
from entrepot.drivers.memory.store import MemoryStore
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location, StrayUpload, UploadState
from tests.contract.uploading import CLAIM, committed, not_needed


class StandingClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = 0

    def now(self) -> int:
        return self.time


async def keep(storage: MemoryStorage, content: bytes) -> Location:
    state = await storage.begin("u", "sha256")
    async with await storage.append(state, CLAIM) as part:
        await part.write(content)
        state = await part.flush()
    return await committed(storage, state, Digest.of(content))


def test_two_storages_share_nothing_but_a_shelf() -> None:
    async def run() -> None:
        store = MemoryStore()
        location = await keep(MemoryStorage(store), b"abc")
        assert (await MemoryStorage(store).open(location, 3)).read_now(0, 3) == b"abc"
        assert store.blobs == {location: b"abc"}
        alone = MemoryStorage()
        await keep(alone, b"def")
        assert store.blobs == {location: b"abc"}

    asyncio.run(run())


def test_a_blob_that_is_being_read_outlives_its_deletion() -> None:
    async def run() -> None:
        storage = MemoryStorage()
        location = await keep(storage, b"abc")
        opened = await storage.open(location, 3)
        await storage.delete(location, not_needed)
        assert [piece async for piece in opened.read(0, 3)] == [b"abc"]

    asyncio.run(run())


@pytest.mark.parametrize("moments", [(5,), (5, 7), (5, 7, 7)])
def test_an_upload_was_touched_when_its_last_bytes_came(moments: tuple[int, ...]) -> None:
    async def run() -> list[StrayUpload]:
        clock = StandingClock()
        storage = MemoryStorage(clock=clock)
        state = await storage.begin("u", "sha256")
        for clock.time in moments:
            async with await storage.append(state, CLAIM) as part:
                await part.write(b"x")
                state = await part.flush()
        clock.time = 100
        return [upload async for upload in storage.uploads()]

    assert asyncio.run(run()) == [StrayUpload(UploadState("u", "", len(moments), b""), moments[-1])]
