import pytest

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStorage, Location
from entrepot.ports.inspection import StoredFile
from tests.contract.storages import Storages
from tests.contract.uploading import MIB, keep, some_bytes

pytestmark = pytest.mark.anyio

LARGE = some_bytes(3 * MIB + 17)


class Enough(Exception):
    """Raised by a pace to end the reading."""


async def test_the_size_is_that_of_the_bytes(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, b"0123456789")
    inspector = storages.inspector()
    assert inspector.size(location) == 10
    storages.damage(location, b"0123")
    assert inspector.size(location) == 4
    storages.damage(location, None)
    assert inspector.size(location) is None


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "one byte", "3 MiB"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_the_digest_is_that_of_the_bytes(
    storages: Storages, storage: BlobStorage, content: bytes, algorithm: str
) -> None:
    location = await keep(storage, content)
    assert storages.inspector().digest(location, algorithm) == Digest.of(content, algorithm)
    flipped = bytes([content[0] ^ 1]) + content[1:] if content else b"more"
    storages.damage(location, flipped)
    assert storages.inspector().digest(location, algorithm) == Digest.of(flipped, algorithm)


async def test_what_is_not_there_has_no_digest(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, b"gone")
    storages.damage(location, None)
    assert storages.inspector().digest(location, "sha256") is None


async def test_the_pace_is_told_of_every_byte(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, LARGE)
    read: list[int] = []
    storages.inspector().digest(location, "sha256", read.append)
    assert sum(read) == len(LARGE)


async def test_the_pace_can_end_the_reading(storages: Storages, storage: BlobStorage) -> None:
    location = await keep(storage, LARGE)

    def end(_: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        storages.inspector().digest(location, "sha256", end)


async def test_every_blob_is_listed_where_it_is_expected(
    storages: Storages, storage: BlobStorage
) -> None:
    expected: dict[Digest, tuple[Location, int]] = {}
    for number, content in enumerate((b"", b"one", b"two", LARGE)):
        location = await keep(storage, content, f"u{number}")
        expected[Digest.of(content)] = (location, len(content))
    found = list(storages.inspector().files())
    files = [file for file in found if isinstance(file, StoredFile)]
    assert {file.digest: (file.location, file.size) for file in files} == expected
    assert len(found) == len(expected)
    for digest, (location, _) in expected.items():
        assert storages.inspector().expected(digest) == location


async def test_an_empty_storage_has_nothing_to_list(storages: Storages) -> None:
    assert list(storages.inspector().files()) == []
