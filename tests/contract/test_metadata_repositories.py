import pytest

from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import Metadata, Transaction
from tests.contract.paging import all_pages
from tests.contract.pushing import APP, CALLER, give_blobs, push, some_blob, some_image

pytestmark = pytest.mark.anyio

IMAGE = some_image("layer")
# Byte order: '-' and '.' before '/', before digits, '_' before letters.
NAMES = ["0", "a", "a-b", "a.b", "a/b", "a/b/c", "a0", "a_b", "aa", "library/x", "z"]


async def test_repositories_come_in_byte_order_and_in_pages(metadata: Metadata) -> None:
    for number in range(len(NAMES)):
        await push(metadata, RepositoryName(NAMES[number * 4 % len(NAMES)]), IMAGE)
    for limit in (1, 4, 100):
        assert await all_pages(metadata.repositories, "", str, limit) == NAMES
    assert await metadata.repositories("a/", 3) == ["a/b", "a/b/c", "a0"]
    assert await metadata.repositories("zz", 3) == []
    assert await metadata.repositories("", 0) == []


async def test_the_catalogue_shows_only_repositories_that_have_a_manifest(
    metadata: Metadata,
) -> None:
    await give_blobs(metadata, RepositoryName("blobs-only"), some_blob("x"))
    await push(metadata, APP, IMAGE, some_image("more"))
    assert await metadata.repositories("", 9) == [APP]
    for image, left in ((IMAGE, [APP]), (some_image("more"), [])):

        async def change(transaction: Transaction, digest: str = image.digest) -> None:
            repository = await transaction.repository(APP, 1)
            await transaction.delete_manifest(repository, type(IMAGE.digest)(digest), CALLER, 1)

        await metadata.change(change)
        assert await metadata.repositories("", 9) == left
    await push(metadata, APP, IMAGE)
    assert await metadata.repositories("", 9) == [APP]


async def test_a_repository_is_there_once_something_was_pushed(metadata: Metadata) -> None:
    assert not await metadata.repository_exists(APP)
    await push(metadata, APP, IMAGE)
    assert await metadata.repository_exists(APP)
    assert not await metadata.repository_exists(RepositoryName("team"))
    assert not await metadata.repository_exists(RepositoryName("team/app/api"))


async def test_a_repository_keeps_its_number_and_has_its_own(metadata: Metadata) -> None:
    async def change(transaction: Transaction) -> tuple[int | None, int, int, int, int | None]:
        other = RepositoryName("other")
        return (
            await transaction.find_repository(other),
            await transaction.repository(APP, 1),
            await transaction.repository(other, 1),
            await transaction.repository(APP, 2),
            await transaction.find_repository(other),
        )

    before, app, other, again, found = await metadata.change(change)
    assert before is None
    assert app == again
    assert other == found != app
