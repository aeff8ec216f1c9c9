import asyncio
from pathlib import Path

import pytest

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStorage, Location
from entrepot.ports.inspection import Inspection, OddFile, StoredFile
from tests.contract.storages import Storages
from tests.contract.uploading import MIB, keep, some_bytes

pytestmark = pytest.mark.anyio

LARGE = some_bytes(9 * MIB + 17)


class Enough(Exception):
    """Raised by a pace to end the reading."""


async def listed(storages: Storages) -> list[StoredFile | OddFile]:
    return [item async for page in storages.inspector().files() for item in page]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_the_sizes_are_those_of_the_bytes(storages: Storages, storage: BlobStorage) -> None:
    places = [await keep(storage, b"x" * number, f"u{number}") for number in range(4)]
    storages.damage(places[3], b"0123456789")
    storages.damage(places[1], None)
    inspector = storages.inspector()
    assert await inspector.sizes(places) == [0, None, 2, 10]
    assert await inspector.sizes([places[2], places[2]]) == [2, 2]
    assert await inspector.sizes([]) == []


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "one byte", "9 MiB"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_the_digest_is_that_of_the_bytes(
    storages: Storages, storage: BlobStorage, content: bytes, algorithm: str
) -> None:
    location = await keep(storage, content)
    inspector, size = storages.inspector(), len(content)
    found = await inspector.inspect(location, size, algorithm)
    assert found == Inspection(size, Digest.of(content, algorithm))
    flipped = content[:-1] + bytes([content[-1] ^ 1]) if content else b""
    storages.damage(location, flipped)
    found = await inspector.inspect(location, size, algorithm)
    assert found == Inspection(size, Digest.of(flipped, algorithm))


async def test_what_is_not_there_has_no_digest(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, b"gone")
    storages.damage(location, None)
    assert await storages.inspector().inspect(location, 4, "sha256") == Inspection(None)


@pytest.mark.parametrize("size", [0, len(LARGE) - 1, len(LARGE) + 1])
async def test_what_has_another_size_is_not_read(
    storages: Storages, storage: BlobStorage, size: int
) -> None:
    location = await keep(storage, LARGE)
    read: list[int] = []

    async def remember(count: int) -> None:
        read.append(count)

    found = await storages.inspector().inspect(location, size, "sha256", remember)
    assert (found, sum(read)) == (Inspection(len(LARGE)), 0)


async def test_the_pace_is_told_of_every_byte(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, LARGE)
    read: list[int] = []

    async def remember(count: int) -> None:
        read.append(count)

    await storages.inspector().inspect(location, len(LARGE), "sha256", remember)
    assert sum(read) == len(LARGE)


async def test_the_pace_can_end_the_reading(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, LARGE)
    inspector, before = storages.inspector(), open_files()

    async def end(_: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        await inspector.inspect(location, len(LARGE), "sha256", end)
    assert open_files() == before


async def test_who_is_cancelled_reads_no_further(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, LARGE)
    inspector, before = storages.inspector(), open_files()
    told: list[int] = []
    waiting = asyncio.Event()

    async def wait_for_ever(count: int) -> None:
        told.append(count)
        waiting.set()
        await asyncio.Event().wait()

    reading = asyncio.ensure_future(
        inspector.inspect(location, len(LARGE), "sha256", wait_for_ever)
    )
    await waiting.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert len(told) == 1
    assert open_files() == before


async def test_every_blob_is_listed_where_it_lies(storages: Storages, storage: BlobStorage) -> None:
    expected: dict[Location, int] = {}
    digests: dict[Location, Digest] = {}
    for number, content in enumerate((b"", b"one", b"two", LARGE)):
        location = await keep(storage, content, f"u{number}")
        expected[location] = len(content)
        digests[location] = Digest.of(content)
    found = await listed(storages)
    files = [file for file in found if isinstance(file, StoredFile)]
    assert {file.location: file.size for file in files} == expected
    assert len(found) == len(expected)
    for file in files:
        assert file.digest in (digests[file.location], None)


async def test_a_place_that_is_named_after_a_digest_is_found_by_it(
    storages: Storages, storage: BlobStorage
) -> None:
    """Either the storage can tell a blob's place, and rightly, or it says that it cannot."""
    location = await keep(storage, b"one")
    by_digest = {file.digest for file in await listed(storages) if isinstance(file, StoredFile)}
    found = storages.inspector().find(Digest.of(b"one"))
    if storages.places_by_digest:
        assert (found, by_digest) == (location, {Digest.of(b"one")})
    else:
        assert (found, by_digest) == (None, {None})


async def test_many_blobs_are_listed_once_each_on_several_pages(
    storages: Storages, storage: BlobStorage
) -> None:
    placed = {await keep(storage, b"%d" % number, f"u{number}") for number in range(501)}
    found = [item for item in await listed(storages) if isinstance(item, StoredFile)]
    assert len(found) == len(placed)
    assert {file.location for file in found} == placed


async def test_an_empty_storage_has_nothing_to_list(storages: Storages) -> None:
    assert await listed(storages) == []
