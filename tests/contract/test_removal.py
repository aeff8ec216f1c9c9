import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import Metadata, NewManifest, Transaction
from entrepot.ports.removal import TagState
from tests.contract.databases import MetadataDatabase, RemovalParts
from tests.contract.histories import history_of
from tests.contract.pushing import (
    APP,
    CALLER,
    OTHER,
    about,
    give_blobs,
    push,
    some_blob,
    some_image,
    some_index,
    stored,
)

pytestmark = pytest.mark.anyio

LATEST = Tag("latest")
ONE, TWO, THREE = some_image("one"), some_image("two"), some_image("three")
INDEX = some_index(ONE, TWO)


@pytest.fixture
def parts(database: MetadataDatabase) -> RemovalParts:
    return database.removal()[1]


async def move(metadata: Metadata, manifest: NewManifest, now: int, tag: Tag = LATEST) -> None:
    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, now)
        number = await transaction.keep_manifest(repository, manifest)
        await transaction.move_tag(repository, tag, number, CALLER, now)

    await metadata.change(change)


async def hide(metadata: Metadata, name: RepositoryName = APP) -> None:
    async def change(transaction: Transaction) -> None:
        repository = await transaction.find_repository(name)
        assert repository is not None
        await transaction.hide_repository(repository, 5)

    await metadata.change(change)


async def drain(parts: RemovalParts, limit: int = 2) -> int:
    steps = 0
    while await parts.hidden.drain(limit):
        steps += 1
        assert steps < 1_000
    return steps


async def test_where_a_tag_points_and_since_when(metadata: Metadata) -> None:
    await move(metadata, ONE, 7)

    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 8)
        number = await transaction.find_manifest(repository, ONE.digest)
        assert number is not None
        assert await transaction.tag(repository, LATEST) == TagState(number, ONE.digest, 7, None)
        assert await transaction.tag(repository, Tag("other")) is None
        assert await transaction.find_manifest(repository, TWO.digest) is None
        assert await transaction.tags_of(repository, ONE.digest) == ["latest"]
        assert await transaction.tags_of(repository, TWO.digest) == []
        assert await transaction.tag_names(repository, "", 9) == ["latest"]
        assert await transaction.tag_names(repository, "latest", 9) == []

    await metadata.change(change)


async def test_who_holds_whom(metadata: Metadata) -> None:
    signature = some_image("signature", subject=about(THREE))
    alone = some_image("alone", subject=about(some_image("nowhere")))
    await push(metadata, APP, ONE, TWO, INDEX)
    await push(metadata, APP, THREE, tag="v3")
    await push(metadata, APP, signature)
    await push(metadata, APP, alone)
    await push(metadata, OTHER, ONE)

    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 1)
        other = await transaction.repository(OTHER, 1)
        held = [
            manifest
            for manifest in (ONE, TWO, INDEX, THREE, signature, alone)
            if await transaction.is_held(repository, manifest.digest)
        ]
        assert held == [ONE, TWO, THREE, signature]
        assert not await transaction.is_held(other, ONE.digest)
        assert not await transaction.is_held(repository, some_image("x").digest)
        assert await transaction.indexes_with(repository, ONE.digest, 9) == [INDEX.digest]
        assert await transaction.indexes_with(other, ONE.digest, 9) == []
        children = await transaction.children(repository, INDEX.digest)
        assert set(children) == {ONE.digest, TWO.digest}
        assert await transaction.children(repository, ONE.digest) == []

    await metadata.change(change)


async def test_a_tag_keeps_its_newest_lines(database: MetadataDatabase) -> None:
    metadata, _ = database.removal(history_kept=3)
    for now in range(1, 10):
        await move(metadata, (ONE, TWO)[now % 2], now)
        await move(metadata, THREE, now, Tag(f"t{now}"))
    history = await history_of(database, APP, LATEST)
    assert [line.changed_at for line in history] == [7, 8, 9]
    assert len(await history_of(database, APP, Tag("t1"))) == 1


async def test_old_lines_are_forgotten_oldest_first(
    database: MetadataDatabase, metadata: Metadata, parts: RemovalParts
) -> None:
    for now in range(1, 10):
        await move(metadata, (ONE, TWO)[now % 2], now)
    assert await parts.history.forget(1, 100) == 0
    assert await parts.history.forget(6, 2) == 2
    assert await parts.history.forget(6, 100) == 3
    assert await parts.history.forget(6, 100) == 0
    history = await history_of(database, APP, LATEST)
    assert [line.changed_at for line in history] == [6, 7, 8, 9]


async def test_a_deleted_repository_is_gone_at_once_and_others_stay(
    metadata: Metadata, database: MetadataDatabase, parts: RemovalParts
) -> None:
    blob = some_blob("shared")
    for name in (APP, OTHER):
        await give_blobs(metadata, name, blob)
        await push(metadata, name, ONE, TWO, INDEX, tag="latest")
    await hide(metadata)
    for reader in (metadata, database.open()):
        assert await reader.manifest_by_tag(APP, LATEST) is None
        assert await reader.manifest_by_digest(APP, ONE.digest) is None
        assert await reader.blob(APP, blob.digest) is None
        assert await reader.tags(APP, "", 9) == []
        assert await reader.referrers(APP, ONE.digest, None, "", 9) == []
        assert not await reader.repository_exists(APP)
        assert await reader.repositories("", 9) == [OTHER]
        assert [name for _, name in await reader.repositories_with_blob(blob.digest, 0, 9)] == [
            OTHER
        ]
    assert await history_of(database, APP, LATEST) == []
    await drain(parts)
    assert await metadata.manifest_by_tag(OTHER, LATEST) == stored(INDEX)
    assert await metadata.manifest_by_digest(OTHER, ONE.digest) == stored(ONE)
    assert await metadata.blob(OTHER, blob.digest) is not None
    assert len(await history_of(database, OTHER, LATEST)) == 1


@pytest.mark.parametrize("drained", [False, True])
async def test_a_repository_of_the_same_name_begins_anew(
    metadata: Metadata, database: MetadataDatabase, parts: RemovalParts, drained: bool
) -> None:
    await push(metadata, APP, ONE, tag="old")
    await hide(metadata)
    if drained:
        await drain(parts)
    await push(metadata, APP, TWO, tag="new")
    await drain(parts)
    assert await metadata.tags(APP, "", 9) == ["new"]
    assert await metadata.manifest_by_digest(APP, ONE.digest) is None
    assert await metadata.manifest_by_tag(APP, Tag("new")) == stored(TWO)
    assert await history_of(database, APP, Tag("old")) == []
    await hide(metadata)
    await drain(parts)
    assert await metadata.repositories("", 9) == []


async def test_its_rows_go_in_small_steps_and_none_is_left(
    metadata: Metadata, parts: RemovalParts
) -> None:
    images = [some_image(f"layer {number}") for number in range(20)]
    for number, image in enumerate(images):
        blob = some_blob(f"layer {number}")
        await give_blobs(metadata, APP, blob)
        await push(metadata, APP, image, tag=f"v{number}")
        await parts.pulls.note([(APP, image.digest)], 9)
    await hide(metadata)
    assert await drain(parts, limit=5) >= 8
    assert not await parts.hidden.drain(5)

    async def change(transaction: Transaction) -> None:
        # Were any row left that refers to the repository, its number could not be free.
        assert await transaction.find_repository(APP) is None

    await metadata.change(change)


async def test_a_stop_between_two_steps_leaves_nothing_visible(
    metadata: Metadata, database: MetadataDatabase, parts: RemovalParts
) -> None:
    for number in range(6):
        await push(metadata, APP, some_image(f"layer {number}"), tag=f"v{number}")
    await hide(metadata)
    for _ in range(3):
        assert await parts.hidden.drain(1)
        assert not await database.open().repository_exists(APP)
    await drain(parts)


async def test_tags_are_listed_with_their_times(metadata: Metadata, parts: RemovalParts) -> None:
    await move(metadata, ONE, 10)
    await move(metadata, TWO, 20, Tag("v2"))
    await move(metadata, ONE, 30, Tag("v1"))
    assert await rows(parts) == [("latest", 10, None), ("v1", 30, None), ("v2", 20, None)]
    await parts.pulls.note([(APP, ONE.digest), (OTHER, TWO.digest), (APP, THREE.digest)], 40)
    assert await rows(parts) == [("latest", 10, 40), ("v1", 30, 40), ("v2", 20, None)]
    first = await parts.dated.dated_tags(APP, "", 1)
    assert [dated.digest for dated in first] == [ONE.digest]
    assert await parts.dated.dated_tags(OTHER, "", 9) == []


async def test_a_pull_is_never_dated_back(metadata: Metadata, parts: RemovalParts) -> None:
    await move(metadata, ONE, 10)
    for now in (50, 40, 60):
        await parts.pulls.note([(APP, ONE.digest)], now)
    assert await rows(parts) == [("latest", 10, 60)]


async def test_many_pulls_are_written_in_one_step(metadata: Metadata, parts: RemovalParts) -> None:
    images = [some_image(f"layer {number}") for number in range(100)]
    await push(metadata, APP, *images)
    await move(metadata, images[50], 10)
    await parts.pulls.note([(APP, image.digest) for image in images], 20)
    await parts.pulls.note([], 30)
    assert await rows(parts) == [("latest", 10, 20)]


async def test_a_manifest_that_was_pulled_can_be_deleted_and_starts_anew(
    metadata: Metadata, parts: RemovalParts
) -> None:
    await move(metadata, ONE, 10)
    await parts.pulls.note([(APP, ONE.digest)], 20)

    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 1)
        await transaction.delete_manifest(repository, ONE.digest, CALLER, 30)

    await metadata.change(change)
    await move(metadata, ONE, 40)
    assert await rows(parts) == [("latest", 40, None)]


async def test_indexes_are_found_by_their_children(metadata: Metadata, parts: RemovalParts) -> None:
    await push(metadata, APP, ONE, TWO, INDEX, tag="latest")
    assert await parts.dated.indexes_with(APP, ONE.digest, 9) == [INDEX.digest]
    assert await parts.dated.indexes_with(OTHER, ONE.digest, 9) == []
    assert await parts.dated.indexes_with(APP, Digest.of(b"x", "sha256"), 9) == []


async def rows(parts: RemovalParts) -> list[tuple[str, int, int | None]]:
    page = await parts.dated.dated_tags(APP, "", 9)
    return [(dated.tag, dated.pushed_at, dated.pulled_at) for dated in page]
