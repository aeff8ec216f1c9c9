import asyncio

import pytest

from entrepot.errors import UnknownManifest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import ANONYMOUS
from entrepot.ports.metadata import Metadata, Transaction
from tests.contract.databases import MetadataDatabase
from tests.contract.histories import history_of
from tests.contract.pushing import APP, OTHER, give_blobs, push, some_blob, some_image, stored

pytestmark = pytest.mark.anyio

IMAGE = some_image("layer")
LATEST = Tag("latest")


async def test_a_change_gives_what_its_function_gave(metadata: Metadata) -> None:
    answer = object()

    async def change(_: Transaction) -> object:
        return answer

    assert await metadata.change(change) is answer


@pytest.mark.parametrize(
    "error",
    [UnknownManifest("no such tag"), ConnectionError("gone"), KeyError("bug")],
)
async def test_a_change_that_raises_leaves_nothing(
    database: MetadataDatabase, metadata: Metadata, error: Exception
) -> None:
    await push(metadata, APP, some_image("before"), tag="latest")

    async def change(transaction: Transaction) -> None:
        app = await transaction.repository(APP, 1)
        other = await transaction.repository(OTHER, 1)
        await transaction.keep_blob(some_blob("x"), 1)
        await transaction.link_blob(app, some_blob("x").digest, 1)
        number = await transaction.keep_manifest(app, IMAGE)
        await transaction.move_tag(app, LATEST, number, ANONYMOUS, 1)
        await transaction.keep_manifest(other, IMAGE)
        raise error

    with pytest.raises(type(error)) as raised:
        await metadata.change(change)
    assert raised.value is error
    for reader in (metadata, database.open()):
        assert await reader.manifest_by_tag(APP, LATEST) == stored(some_image("before"))
        assert await reader.manifest_by_digest(APP, IMAGE.digest) is None
        assert await reader.blob(APP, some_blob("x").digest) is None
        assert await reader.repositories_with_blob(some_blob("x").digest, 0, 9) == []
        assert not await reader.repository_exists(OTHER)
        assert await reader.repositories("", 9) == [APP]
    await push(metadata, OTHER, IMAGE, tag="latest")
    assert await metadata.manifest_by_tag(OTHER, LATEST) == stored(IMAGE)


async def test_nobody_sees_a_change_before_it_is_whole(
    database: MetadataDatabase, metadata: Metadata
) -> None:
    readers = [metadata, database.open()]

    async def seen() -> list[object]:
        return [
            answer
            for reader in readers
            for answer in (
                await reader.manifest_by_tag(APP, LATEST),
                await reader.repository_exists(APP) or None,
                await reader.blob(APP, some_blob("x").digest),
            )
        ]

    async def change(transaction: Transaction) -> list[object]:
        repository = await transaction.repository(APP, 1)
        await transaction.keep_blob(some_blob("x"), 1)
        await transaction.link_blob(repository, some_blob("x").digest, 1)
        number = await transaction.keep_manifest(repository, IMAGE)
        await transaction.move_tag(repository, LATEST, number, ANONYMOUS, 1)
        return await seen()

    assert await metadata.change(change) == [None] * 6
    assert None not in await seen()


async def test_a_change_sees_its_own_work_and_what_was_changed_before(metadata: Metadata) -> None:
    await give_blobs(metadata, APP, some_blob("x"))

    async def change(transaction: Transaction) -> tuple[dict[str, int], dict[str, int]]:
        repository = await transaction.repository(APP, 1)
        await transaction.keep_manifest(repository, IMAGE)
        return (
            await transaction.blob_sizes(repository, [some_blob("x").digest]),
            await transaction.manifest_sizes(repository, [IMAGE.digest]),
        )

    assert await metadata.change(change) == (
        {some_blob("x").digest: 1},
        {IMAGE.digest: len(IMAGE.payload)},
    )


async def test_of_200_changes_at_once_every_one_is_kept(
    database: MetadataDatabase, metadata: Metadata
) -> None:
    instances = [metadata, database.open()]
    images = [some_image(f"layer {number}") for number in range(200)]

    async def one(number: int) -> None:
        metadata = instances[number % 2]
        await push(metadata, APP, images[number], tag=f"t{number:03}")
        # Answered means visible, to everybody and at once.
        for reader in instances:
            found = await reader.manifest_by_tag(APP, Tag(f"t{number:03}"))
            assert found == stored(images[number])

    await asyncio.gather(*(one(number) for number in range(200)))
    tags = await database.open().tags(APP, "", 1_000)
    assert tags == [f"t{number:03}" for number in range(200)]


async def test_changes_at_once_share_a_commit(
    database: MetadataDatabase, metadata: Metadata
) -> None:
    await asyncio.gather(
        *(push(metadata, RepositoryName(f"r{number}"), IMAGE) for number in range(200))
    )
    assert sum(database.groups) >= 200
    assert len(database.groups) < sum(database.groups) / 10


async def test_a_change_that_fails_among_many_takes_no_other_along(metadata: Metadata) -> None:
    async def one(number: int) -> None:
        async def change(transaction: Transaction) -> None:
            repository = await transaction.repository(RepositoryName(f"r{number:03}"), 1)
            await transaction.keep_manifest(repository, IMAGE)
            if number % 3 == 0:
                raise UnknownManifest(str(number))

        await metadata.change(change)

    outcomes = await asyncio.gather(*(one(number) for number in range(90)), return_exceptions=True)
    for number, outcome in enumerate(outcomes):
        if number % 3:
            assert outcome is None
        else:
            assert isinstance(outcome, UnknownManifest)
            assert outcome.message == str(number)
    kept = [f"r{number:03}" for number in range(90) if number % 3]
    assert await metadata.repositories("", 100) == kept


async def test_a_caller_that_goes_away_takes_no_other_along(metadata: Metadata) -> None:
    names = [RepositoryName(f"r{number:02}") for number in range(40)]
    tasks = [asyncio.create_task(push(metadata, name, IMAGE)) for name in names]
    for task in tasks[::4]:
        task.cancel()
    await asyncio.sleep(0)
    for task in tasks[1::4]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    kept = await metadata.repositories("", 100)
    for name, outcome in zip(names, outcomes, strict=True):
        assert outcome is None or isinstance(outcome, asyncio.CancelledError)
        assert outcome is not None or name in kept
    assert set(names[2::4]) | set(names[3::4]) <= set(kept)
    await push(metadata, APP, IMAGE)


async def test_the_last_of_many_moves_of_a_tag_wins_and_all_manifests_stay(
    database: MetadataDatabase, metadata: Metadata
) -> None:
    images = [some_image(f"layer {number}") for number in range(50)]
    instances = [metadata, database.open()]
    await asyncio.gather(
        *(
            push(instances[number % 2], APP, image, tag="latest")
            for number, image in enumerate(images)
        )
    )
    tagged = await metadata.manifest_by_tag(APP, LATEST)
    assert tagged in [stored(image) for image in images]
    for image in images:
        assert await metadata.manifest_by_digest(APP, image.digest) == stored(image)
    history = await history_of(database, APP, LATEST)
    assert [change.old_digest for change in history] == [
        None,
        *(change.new_digest for change in history[:-1]),
    ]
    assert tagged is not None
    assert history[-1].new_digest == tagged.digest


async def test_a_database_that_works_says_so(metadata: Metadata) -> None:
    await metadata.check()
    await push(metadata, APP, IMAGE)
    await metadata.check()
