from functools import partial

import pytest

from entrepot.oci.reference import Tag
from entrepot.ports.access import Caller
from entrepot.ports.metadata import Metadata, NewManifest, Transaction
from tests.contract.databases import MetadataDatabase
from tests.contract.histories import TagLine, history_of
from tests.contract.paging import all_pages
from tests.contract.pushing import APP, CALLER, OTHER, push, some_image, stored

pytestmark = pytest.mark.anyio

LATEST = Tag("latest")
OLD, NEW = some_image("old"), some_image("new")
# Byte order: digits, capitals, '_', small letters. No other collation gives this.
TAGS = ["0", "1", "10", "2", "A", "Z", "_", "_a", "a", "a-", "a.", "a1", "aA", "b"]


async def test_a_tag_moves_and_both_manifests_stay(metadata: Metadata) -> None:
    await push(metadata, APP, OLD, tag="latest")
    await push(metadata, APP, NEW, tag="latest")
    assert await metadata.manifest_by_tag(APP, LATEST) == stored(NEW)
    assert await metadata.manifest_by_digest(APP, OLD.digest) == stored(OLD)
    assert await metadata.tags(APP, "", 9) == ["latest"]
    await push(metadata, APP, OLD, tag="latest")
    assert await metadata.manifest_by_tag(APP, LATEST) == stored(OLD)


async def test_several_tags_move_in_one_step(metadata: Metadata) -> None:
    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 1)
        number = await transaction.keep_manifest(repository, OLD)
        for tag in ("1", "1.2", "1.2.3"):
            await transaction.move_tag(repository, Tag(tag), number, CALLER, 1)

    await metadata.change(change)
    assert await metadata.tags(APP, "", 9) == ["1", "1.2", "1.2.3"]


async def test_tags_come_in_byte_order_and_in_pages(metadata: Metadata) -> None:
    for number in range(len(TAGS)):
        await push(metadata, APP, OLD, tag=TAGS[number * 5 % len(TAGS)])
    await push(metadata, OTHER, OLD, tag="another")
    assert await metadata.tags(APP, "", 100) == TAGS
    for limit in (1, 3, len(TAGS)):
        assert await all_pages(partial(metadata.tags, APP), "", str, limit) == TAGS


@pytest.mark.parametrize(
    "after", ["", "0", "00", "Zz", "_", "a+", "aa", "b", "c", "é", "\U0001f600"]
)
async def test_a_page_begins_behind_a_name_that_need_not_be_there(
    metadata: Metadata, after: str
) -> None:
    for tag in TAGS:
        await push(metadata, APP, OLD, tag=tag)
    behind = [tag for tag in TAGS if tag.encode() > after.encode()]
    assert await metadata.tags(APP, after, 100) == behind
    assert await metadata.tags(APP, after, 0) == []


async def test_an_unknown_repository_has_no_tags(metadata: Metadata) -> None:
    assert await metadata.tags(APP, "", 9) == []


async def test_a_repository_whose_last_tag_was_deleted_is_still_there(metadata: Metadata) -> None:
    await push(metadata, APP, OLD, tag="latest")
    assert await delete_tag(metadata, "latest")
    assert await metadata.tags(APP, "", 9) == []
    assert await metadata.repository_exists(APP)
    assert await metadata.repositories("", 9) == [APP]
    assert await metadata.manifest_by_tag(APP, LATEST) is None
    assert await metadata.manifest_by_digest(APP, OLD.digest) == stored(OLD)


async def test_deleting_an_unknown_tag_tells_so(metadata: Metadata) -> None:
    await push(metadata, OTHER, OLD, tag="latest")
    assert not await delete_tag(metadata, "latest")
    await push(metadata, APP, OLD, tag="stays")
    assert not await delete_tag(metadata, "latest")
    assert await metadata.tags(APP, "", 9) == ["stays"]
    assert await metadata.tags(OTHER, "", 9) == ["latest"]


async def test_every_move_of_a_tag_is_in_its_history(
    database: MetadataDatabase, metadata: Metadata
) -> None:
    await move(metadata, OLD, "alice", 10)
    await move(metadata, NEW, "bob", 20)
    await delete_tag(metadata, "latest", "carol", 30)
    await move(metadata, OLD, "", 40)
    assert await history_of(database, APP, LATEST) == [
        TagLine(None, OLD.digest, "alice", 10),
        TagLine(OLD.digest, NEW.digest, "bob", 20),
        TagLine(NEW.digest, None, "carol", 30),
        TagLine(None, OLD.digest, "", 40),
    ]


async def test_a_tag_that_stays_where_it_is_makes_no_history(
    database: MetadataDatabase, metadata: Metadata
) -> None:
    await move(metadata, OLD, "alice", 10)
    await move(metadata, OLD, "bob", 20)
    await delete_tag(metadata, "other")
    assert await history_of(database, APP, LATEST) == [TagLine(None, OLD.digest, "alice", 10)]
    assert await history_of(database, APP, Tag("other")) == []


async def test_deleting_a_manifest_is_in_the_history_of_its_tags(
    database: MetadataDatabase, metadata: Metadata
) -> None:
    await move(metadata, OLD, "alice", 10)

    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 1)
        await transaction.delete_manifest(repository, OLD.digest, Caller("bob"), 20)

    await metadata.change(change)
    assert await history_of(database, APP, LATEST) == [
        TagLine(None, OLD.digest, "alice", 10),
        TagLine(OLD.digest, None, "bob", 20),
    ]


async def test_a_move_that_failed_is_not_in_the_history(
    database: MetadataDatabase, metadata: Metadata
) -> None:
    await move(metadata, OLD, "alice", 10)

    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, 1)
        number = await transaction.keep_manifest(repository, NEW)
        await transaction.move_tag(repository, LATEST, number, Caller("bob"), 20)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await metadata.change(change)
    assert await history_of(database, APP, LATEST) == [TagLine(None, OLD.digest, "alice", 10)]
    assert await metadata.manifest_by_tag(APP, LATEST) == stored(OLD)


async def move(metadata: Metadata, manifest: NewManifest, caller: str, now: int) -> None:
    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(APP, now)
        number = await transaction.keep_manifest(repository, manifest)
        await transaction.move_tag(repository, LATEST, number, Caller(caller), now)

    await metadata.change(change)


async def delete_tag(metadata: Metadata, tag: str, caller: str = "", now: int = 1) -> bool:
    async def change(transaction: Transaction) -> bool:
        repository = await transaction.repository(APP, now)
        return await transaction.delete_tag(repository, Tag(tag), Caller(caller), now) is not None

    return await metadata.change(change)
