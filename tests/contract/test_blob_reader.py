import os
from contextlib import suppress

import pytest

from entrepot.errors import DamagedBlob
from entrepot.ports.blobs import BlobStorage
from tests.contract.storages import Storages
from tests.contract.uploading import MIB, keep, read_all, read_range, some_bytes

pytestmark = pytest.mark.anyio

SIZE = 2 * MIB + 1
EDGES = sorted(
    {
        edge + step
        for edge in (0, MIB // 4, MIB // 2, MIB, SIZE)
        for step in (-1, 0, 1)
        if 0 <= edge + step <= SIZE
    }
)


@pytest.mark.parametrize("start", EDGES)
async def test_any_range_gives_just_its_bytes(storage: BlobStorage, start: int) -> None:
    content = some_bytes(SIZE)
    location = await keep(storage, content)
    for stop in EDGES:
        if stop >= start:
            found = await read_range(storage, location, SIZE, start, stop)
            assert found == content[start:stop], f"bytes {start} to {stop}"


async def test_a_blob_can_be_read_twice_and_in_several_ranges_at_once(storage: BlobStorage) -> None:
    content = some_bytes(SIZE)
    opened = await storage.open(await keep(storage, content), SIZE)
    first, second = opened.read(0, SIZE), opened.read(7, SIZE)
    begin = [await anext(first), await anext(second)]
    assert begin[0] + b"".join([piece async for piece in first]) == content
    assert begin[1] + b"".join([piece async for piece in second]) == content[7:]
    assert b"".join([piece async for piece in opened.read(0, SIZE)]) == content
    opened.close()


async def test_no_piece_is_empty_or_larger_than_a_mebibyte(storage: BlobStorage) -> None:
    opened = await storage.open(await keep(storage, some_bytes(SIZE)), SIZE)
    sizes = [len(piece) async for piece in opened.read(0, SIZE)]
    opened.close()
    assert all(0 < size <= MIB for size in sizes)


async def test_an_empty_blob_is_read_as_nothing(storage: BlobStorage) -> None:
    location = await keep(storage, b"")
    assert await read_all(storage, location, 0) == b""


async def test_a_small_piece_that_is_given_now_is_the_same_piece(storage: BlobStorage) -> None:
    content = some_bytes(2_000)
    opened = await storage.open(await keep(storage, content), len(content))
    for start, stop in [(0, 2_000), (0, 0), (1, 1_999), (1_999, 2_000), (2_000, 2_000)]:
        assert opened.read_now(start, stop) in (content[start:stop], None)
    assert opened.read_now(0, 2_001) is None
    opened.close()


@pytest.mark.parametrize(
    ("kept", "why"),
    [(None, "missing"), (0, "emptied"), (999, "a byte short"), (1_001, "a byte long")],
)
async def test_a_blob_that_is_not_as_its_row_says_is_not_opened(
    storages: Storages, storage: BlobStorage, kept: int | None, why: str
) -> None:
    location = await keep(storage, some_bytes(1_000))
    storages.damage(location, None if kept is None else some_bytes(kept))
    with pytest.raises(DamagedBlob):
        await storage.open(location, 1_000)


@pytest.mark.parametrize("size", [0, 999, 1_001, 2**63 - 1])
async def test_a_row_that_is_not_as_the_blob_is_does_not_open_it(
    storage: BlobStorage, size: int
) -> None:
    location = await keep(storage, some_bytes(1_000))
    with pytest.raises(DamagedBlob):
        await storage.open(location, size)


@pytest.mark.parametrize("left", [0, 1, MIB // 2, MIB, SIZE - 1])
async def test_a_blob_that_is_cut_while_it_is_read_is_never_read_as_whole(
    storages: Storages, storage: BlobStorage, left: int
) -> None:
    content = some_bytes(SIZE)
    location = await keep(storage, content)
    opened = await storage.open(location, SIZE)
    storages.damage(location, content[:left])
    read = b""
    with suppress(DamagedBlob):
        async for piece in opened.read(0, SIZE):
            read += piece
        assert read == content
    assert content.startswith(read)
    opened.close()


async def test_reading_beyond_the_end_gives_what_is_there_and_then_fails(
    storage: BlobStorage,
) -> None:
    content = some_bytes(MIB)
    opened = await storage.open(await keep(storage, content), MIB)
    pieces, read = opened.read(0, MIB + 1), b""
    while len(read) < MIB:
        read += await anext(pieces)
    with pytest.raises(DamagedBlob):
        await anext(pieces)
    assert read == content
    opened.close()


async def test_a_reader_that_leaves_in_the_middle_leaves_nothing_open(storage: BlobStorage) -> None:
    location = await keep(storage, some_bytes(SIZE))
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        opened = await storage.open(location, SIZE)
        await anext(opened.read(0, SIZE))
        opened.close()
        opened.close()
    assert len(os.listdir("/proc/self/fd")) <= len(before)


async def test_a_refused_blob_leaves_nothing_open(storage: BlobStorage) -> None:
    location = await keep(storage, some_bytes(10))
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        with pytest.raises(DamagedBlob):
            await storage.open(location, 11)
    assert len(os.listdir("/proc/self/fd")) <= len(before)
