import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import Metadata, NewManifest, Transaction
from tests.contract.databases import MetadataDatabase
from tests.contract.pushing import (
    APP,
    CALLER,
    OTHER,
    descriptor,
    push,
    some_blob,
    some_image,
    some_index,
    stored,
)

pytestmark = pytest.mark.anyio

LATEST = Tag("latest")
IMAGE = some_image("layer one", "layer two")


@pytest.mark.parametrize(
    "manifest",
    [
        IMAGE,
        some_image(annotations={"a": "é\U0001f600\x00"}),
        some_image("x" * 1_000_000, annotations={"a": "y" * 3_000_000}),
        some_index(IMAGE),
        some_index(artifactType="a/b"),
    ],
    ids=["image", "annotations", "3 MB", "index", "empty index"],
)
async def test_a_manifest_is_found_by_digest_and_tag_as_it_was_pushed(
    database: MetadataDatabase, metadata: Metadata, manifest: NewManifest
) -> None:
    await push(metadata, APP, manifest, tag="latest")
    for reader in (metadata, database.open()):
        assert await reader.manifest_by_digest(APP, manifest.digest) == stored(manifest)
        assert await reader.manifest_by_tag(APP, LATEST) == stored(manifest)


async def test_a_manifest_is_found_by_a_sha512_digest(metadata: Metadata) -> None:
    digest = Digest.of(IMAGE.payload, "sha512")
    await push(metadata, APP, NewManifest(digest, IMAGE.payload, IMAGE.manifest, 1))
    found = await metadata.manifest_by_digest(APP, digest)
    assert found is not None
    assert (found.digest, found.payload) == (digest, IMAGE.payload)
    assert await metadata.manifest_by_digest(APP, IMAGE.digest) is None


async def test_what_was_not_pushed_is_not_found(metadata: Metadata) -> None:
    await push(metadata, APP, IMAGE, tag="latest")
    assert await metadata.manifest_by_digest(OTHER, IMAGE.digest) is None
    assert await metadata.manifest_by_tag(OTHER, LATEST) is None
    assert await metadata.manifest_by_tag(APP, Tag("Latest")) is None
    assert await metadata.manifest_by_tag(RepositoryName("team"), LATEST) is None
    assert await metadata.manifest_by_digest(APP, Digest.of(b"x")) is None


async def test_pushing_a_manifest_again_finds_the_one_that_is_kept(metadata: Metadata) -> None:
    async def change(transaction: Transaction) -> int:
        repository = await transaction.repository(APP, 1)
        return await transaction.keep_manifest(repository, IMAGE)

    number = await metadata.change(change)
    assert await metadata.change(change) == number

    async def users(transaction: Transaction) -> list[Digest]:
        repository = await transaction.repository(APP, 1)
        return await transaction.blob_users(repository, some_blob("layer one").digest, 9)

    assert await metadata.change(users) == [IMAGE.digest]
    assert await metadata.manifest_by_digest(APP, IMAGE.digest) == stored(IMAGE)


async def test_the_same_manifest_in_two_repositories_is_two_manifests(metadata: Metadata) -> None:
    await push(metadata, APP, IMAGE, tag="latest")
    await push(metadata, OTHER, IMAGE, tag="latest")
    assert await delete(metadata, APP, IMAGE.digest) == ["latest"]
    assert await metadata.manifest_by_digest(APP, IMAGE.digest) is None
    assert await metadata.manifest_by_tag(APP, LATEST) is None
    assert await metadata.manifest_by_digest(OTHER, IMAGE.digest) == stored(IMAGE)
    assert await metadata.manifest_by_tag(OTHER, LATEST) == stored(IMAGE)


async def test_deleting_a_manifest_takes_its_tags_along_and_no_others(metadata: Metadata) -> None:
    stays = some_image("stays")
    for tag in ("b", "a", "Z"):
        await push(metadata, APP, IMAGE, tag=tag)
    await push(metadata, APP, stays, tag="stays")
    assert sorted(await delete(metadata, APP, IMAGE.digest) or []) == ["Z", "a", "b"]
    assert await metadata.tags(APP, "", 9) == ["stays"]
    assert await metadata.manifest_by_digest(APP, IMAGE.digest) is None
    assert await metadata.manifest_by_tag(APP, Tag("stays")) == stored(stays)


async def test_deleting_an_unknown_manifest_tells_so(metadata: Metadata) -> None:
    await push(metadata, APP, IMAGE)
    await push(metadata, OTHER, some_image("else"))
    assert await delete(metadata, OTHER, IMAGE.digest) is None
    assert await delete(metadata, APP, IMAGE.digest) == []
    assert await delete(metadata, APP, IMAGE.digest) is None


async def test_what_an_index_refers_to_can_be_deleted_and_the_index_stays(
    metadata: Metadata,
) -> None:
    index = some_index(IMAGE)
    await push(metadata, APP, IMAGE, index, tag="latest")
    assert await delete(metadata, APP, IMAGE.digest) == []
    assert await metadata.manifest_by_tag(APP, LATEST) == stored(index)


async def test_a_deleted_manifest_can_be_pushed_again(metadata: Metadata) -> None:
    for _ in range(3):
        await push(metadata, APP, IMAGE, tag="latest")
        assert await metadata.manifest_by_tag(APP, LATEST) == stored(IMAGE)
        assert await delete(metadata, APP, IMAGE.digest) == ["latest"]


async def test_a_layer_that_stands_twice_is_no_trouble(metadata: Metadata) -> None:
    image = some_image("same", "same", "{}")
    await push(metadata, APP, image, tag="latest")
    assert await metadata.manifest_by_tag(APP, LATEST) == stored(image)


async def test_manifest_sizes_tells_of_those_that_the_repository_has(metadata: Metadata) -> None:
    images = [some_image(f"layer {number}") for number in range(4)]
    await push(metadata, APP, *images[:2])
    await push(metadata, OTHER, images[2])

    async def change(transaction: Transaction) -> dict[str, int]:
        repository = await transaction.repository(APP, 1)
        assert await transaction.manifest_sizes(repository, []) == {}
        wanted = [images[0].digest, *(image.digest for image in images)]
        return await transaction.manifest_sizes(repository, iter(wanted))

    assert await metadata.change(change) == {
        image.digest: len(image.payload) for image in images[:2]
    }


async def test_blob_users_are_the_manifests_that_refer_to_a_blob_each_once(
    metadata: Metadata,
) -> None:
    users = [some_image("wanted", str(number)) for number in range(3)]
    users.append(some_image("more", config="wanted"))
    users.append(some_image("wanted", "wanted", config="wanted"))
    speaks_of_it = some_image(subject=descriptor("wanted"))
    await push(metadata, APP, *users, some_image("else"), speaks_of_it)
    await push(metadata, OTHER, some_image("wanted", "elsewhere"))

    async def change(transaction: Transaction) -> tuple[list[Digest], list[Digest], list[Digest]]:
        repository = await transaction.repository(APP, 1)
        wanted, never = some_blob("wanted").digest, some_blob("never").digest
        return (
            await transaction.blob_users(repository, wanted, 100),
            await transaction.blob_users(repository, wanted, 2),
            await transaction.blob_users(repository, never, 100),
        )

    found, first, none = await metadata.change(change)
    assert sorted(found) == sorted(user.digest for user in users)
    assert len(set(first)) == 2
    assert none == []
    await delete(metadata, APP, users[0].digest)
    assert sorted((await metadata.change(change))[0]) == sorted(user.digest for user in users[1:])


async def delete(metadata: Metadata, name: RepositoryName, digest: Digest) -> list[str] | None:
    async def change(transaction: Transaction) -> list[str] | None:
        repository = await transaction.repository(name, 1)
        return await transaction.delete_manifest(repository, digest, CALLER, 1)

    return await metadata.change(change)
