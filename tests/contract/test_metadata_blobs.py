from dataclasses import replace
from functools import partial

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import Metadata, StoredBlob, Transaction
from tests.contract.databases import MetadataDatabase
from tests.contract.paging import all_pages
from tests.contract.pushing import (
    APP,
    OTHER,
    about,
    give_blobs,
    push,
    some_blob,
    some_image,
    some_index,
)

pytestmark = pytest.mark.anyio

BLOB = some_blob("content")


@pytest.mark.parametrize(
    "blob",
    [
        BLOB,
        some_blob("content", "sha512"),
        some_blob(""),
        StoredBlob(Digest.of(b"large"), 2**62, Location("é/\U0001f600 \\ '\"%_")),
    ],
)
async def test_a_blob_is_found_through_a_repository_that_has_it(
    database: MetadataDatabase, metadata: Metadata, blob: StoredBlob
) -> None:
    await give_blobs(metadata, APP, blob)
    assert await metadata.blob(APP, blob.digest) == blob
    assert await database.open().blob(APP, blob.digest) == blob


async def test_a_blob_is_not_found_through_another_repository(metadata: Metadata) -> None:
    await give_blobs(metadata, APP, BLOB)
    await give_blobs(metadata, OTHER, some_blob("else"))
    assert await metadata.blob(OTHER, BLOB.digest) is None
    assert await metadata.blob(RepositoryName("unknown"), BLOB.digest) is None
    assert await metadata.blob(APP, some_blob("else").digest) is None


async def test_keeping_a_known_blob_gives_the_one_that_was_known(metadata: Metadata) -> None:
    elsewhere = replace(BLOB, location=Location("elsewhere"))

    async def change(transaction: Transaction) -> list[StoredBlob]:
        return [
            await transaction.keep_blob(BLOB, 1),
            await transaction.keep_blob(elsewhere, 2),
            await transaction.keep_blob(BLOB, 3),
        ]

    assert await metadata.change(change) == [BLOB] * 3
    assert await metadata.change(change) == [BLOB] * 3


async def test_only_a_known_blob_can_be_linked(metadata: Metadata) -> None:
    async def change(transaction: Transaction) -> list[bool]:
        repository = await transaction.repository(APP, 1)
        answers = [await transaction.link_blob(repository, BLOB.digest, 1)]
        await transaction.keep_blob(BLOB, 1)
        answers += [await transaction.link_blob(repository, BLOB.digest, 1) for _ in range(2)]
        return answers

    assert await metadata.change(change) == [False, True, True]
    assert await metadata.blob(APP, BLOB.digest) == BLOB


async def test_unlinking_takes_a_blob_from_one_repository_only(metadata: Metadata) -> None:
    await give_blobs(metadata, APP, BLOB)
    await give_blobs(metadata, OTHER, BLOB)

    async def change(transaction: Transaction) -> list[bool]:
        repository = await transaction.repository(APP, 1)
        return [
            await transaction.unlink_blob(repository, BLOB.digest),
            await transaction.unlink_blob(repository, BLOB.digest),
            await transaction.unlink_blob(repository, some_blob("never").digest),
        ]

    assert await metadata.change(change) == [True, False, False]
    assert await metadata.blob(APP, BLOB.digest) is None
    assert await metadata.blob(OTHER, BLOB.digest) == BLOB


async def test_blob_sizes_tells_of_those_that_the_repository_has(metadata: Metadata) -> None:
    blobs = [some_blob("x" * size) for size in range(2_000)]
    await give_blobs(metadata, APP, *blobs[:1_000])
    await give_blobs(metadata, OTHER, *blobs[1_000:])

    async def change(transaction: Transaction) -> dict[str, int]:
        repository = await transaction.repository(APP, 1)
        assert await transaction.blob_sizes(repository, []) == {}
        return await transaction.blob_sizes(repository, iter([b.digest for b in blobs * 2]))

    assert await metadata.change(change) == {blob.digest: blob.size for blob in blobs[:1_000]}


async def test_repositories_with_a_blob_come_in_pages(metadata: Metadata) -> None:
    names = [RepositoryName(f"r{number}") for number in range(7)]
    for name in names:
        await give_blobs(metadata, name, BLOB)
    await give_blobs(metadata, APP, some_blob("else"))
    for limit in (1, 3, 7, 100):
        found = await all_pages(
            partial(metadata.repositories_with_blob, BLOB.digest), 0, lambda row: row[0], limit
        )
        assert sorted(name for _, name in found) == names
    assert await metadata.repositories_with_blob(some_blob("never").digest, 0, 9) == []


async def test_the_size_of_what_a_manifest_names_is_known_without_it(metadata: Metadata) -> None:
    image = some_image("layer one")
    await push(metadata, APP, some_index(image), some_image("x", subject=about(some_image("y"))))
    assert await metadata.named_size(APP, some_blob("layer one").digest) is None
    assert await metadata.named_size(APP, image.digest) == len(image.payload)
    assert await metadata.named_size(APP, some_image("y").digest) is None
    await push(metadata, APP, image)
    assert await metadata.named_size(APP, some_blob("layer one").digest) == 9
    assert await metadata.named_size(OTHER, some_blob("layer one").digest) is None
