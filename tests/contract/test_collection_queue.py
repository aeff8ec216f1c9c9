"""The collector's queue: what is written down, dated, claimed, and looked at again."""

import asyncio

import pytest

from entrepot.drivers.sql.collection import SqlCollectionQueue
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.ports.collection import (
    CollectedKind,
    CollectionQueue,
    PendingDeletion,
    QueueState,
    Why,
)
from entrepot.ports.metadata import Metadata, Transaction
from entrepot.services.collection.manifests import begin_graces, collect_manifests
from tests.contract.databases import MetadataDatabase
from tests.contract.pushing import APP, OTHER, give_blobs, push, some_blob, some_image, some_index

pytestmark = pytest.mark.anyio

ONE, TWO = some_blob("one"), some_blob("two")
NOTHING = QueueState(0, 0, 0, 0, None)


@pytest.fixture
def queue(database: MetadataDatabase) -> CollectionQueue:
    opened = database.open()
    assert isinstance(opened, SqlMetadata)
    return SqlCollectionQueue(opened.database)


async def date(queue: CollectionQueue, now: int, *, untagged: bool = False) -> int:
    return await begin_graces(queue, lambda: now, 10, untagged=untagged, limit=100)


async def delete_blob(metadata: Metadata) -> None:
    async def change(transaction: Transaction) -> None:
        repository = await transaction.find_repository(APP)
        assert repository is not None
        await transaction.unlink_blob(repository, ONE.digest)

    await metadata.change(change)


async def test_an_empty_queue_has_nothing_to_do(queue: CollectionQueue) -> None:
    assert await date(queue, 1) == 0
    assert (await queue.collect_links(10, 5)).looked == 0
    assert (await queue.collect_blobs(5)).looked == 0
    assert await queue.claim_bytes("me", 1, 2, 5) == []
    assert await queue.state() == NOTHING


async def test_a_grace_begins_when_the_database_is_had(
    database: MetadataDatabase, metadata: Metadata, queue: CollectionQueue
) -> None:
    """A HEAD that was answered while the collector waited for its turn has the whole grace."""
    await give_blobs(metadata, APP, ONE)
    begun, go_on = asyncio.Event(), asyncio.Event()
    clock = [100]

    async def long(transaction: Transaction) -> None:
        begun.set()
        await go_on.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(metadata.change(long))
        await begun.wait()
        group.create_task(begin_graces(queue, lambda: clock[0], 10, untagged=False, limit=100))
        await asyncio.sleep(0.05)
        clock[0] = 200
        go_on.set()
    assert await queue.state() == QueueState(0, 1, 0, 0, 200)


async def test_what_a_repository_gets_waits_from_when_it_is_seen(
    metadata: Metadata, queue: CollectionQueue
) -> None:
    await give_blobs(metadata, APP, ONE, TWO)
    assert await queue.state() == QueueState(0, 2, 0, 0, None)
    assert (await queue.collect_links(2**60, 5)).looked == 0
    assert await date(queue, 100) == 2
    assert await date(queue, 200) == 0
    assert await queue.state() == QueueState(0, 2, 0, 0, 100)
    assert (await queue.collect_links(99, 5)).looked == 0
    batch = await queue.collect_links(100, 1)
    assert (batch.looked, len(batch.removed)) == (1, 1)
    assert (batch.removed[0].kind, batch.removed[0].why) == (CollectedKind.LINK, Why.UNNEEDED)
    assert len((await queue.collect_links(100, 5)).removed) == 1
    assert await metadata.blob(APP, ONE.digest) is None


async def test_what_a_manifest_needs_leaves_the_queue_when_it_comes(
    metadata: Metadata, queue: CollectionQueue
) -> None:
    config = some_blob("{}")
    await give_blobs(metadata, APP, ONE, config)
    await date(queue, 1)
    await push(metadata, APP, some_image("one"))
    assert await queue.state() == NOTHING


async def test_a_blob_that_is_confirmed_waits_anew(
    metadata: Metadata, queue: CollectionQueue
) -> None:
    await give_blobs(metadata, APP, ONE)
    await date(queue, 100)
    assert await metadata.confirm_blob(APP, ONE.digest, lambda: 100) == ONE
    assert (await queue.state()).oldest == 100
    assert await metadata.confirm_blob(APP, ONE.digest, lambda: 101) == ONE
    assert (await queue.state()).oldest is None
    assert await metadata.confirm_blob(OTHER, ONE.digest, lambda: 101) is None


async def test_bytes_are_ordered_to_go_once_nobody_has_the_blob(
    metadata: Metadata, queue: CollectionQueue
) -> None:
    await give_blobs(metadata, APP, ONE)
    await give_blobs(metadata, OTHER, ONE)
    await delete_blob(metadata)
    assert (await queue.collect_blobs(5)).looked == 0
    await date(queue, 1)
    await queue.collect_links(1, 5)
    assert await queue.has_location(ONE.location)
    batch = await queue.collect_blobs(5)
    assert [(removal.kind, removal.name) for removal in batch.removed] == [
        (CollectedKind.BLOB, ONE.digest)
    ]
    assert not await queue.has_location(ONE.location)
    claimed = await queue.claim_bytes("me", 10, 20, 5)
    assert claimed == [PendingDeletion(claimed[0].number, ONE.location, ONE.digest, ONE.size)]


async def doom(metadata: Metadata, queue: CollectionQueue) -> None:
    await give_blobs(metadata, APP, ONE)
    await delete_blob(metadata)
    await queue.collect_blobs(5)


async def test_an_order_is_claimed_by_one_until_its_lease_ends(
    metadata: Metadata, queue: CollectionQueue
) -> None:
    await doom(metadata, queue)
    (mine,) = await queue.claim_bytes("me", 10, 20, 5)
    assert await queue.claim_bytes("other", 19, 29, 5) == []
    assert await queue.claim_bytes("other", 20, 30, 5) == [mine]
    await queue.finish_bytes("me", [mine.number])
    assert (await queue.state()).doomed == 1
    await queue.finish_bytes("other", [mine.number])
    assert await queue.state() == NOTHING


async def test_the_orders_of_some_holders_are_let_go(
    metadata: Metadata, queue: CollectionQueue
) -> None:
    await doom(metadata, queue)
    (order,) = await queue.claim_bytes("a/worker-1/x", 10, 1000, 5)
    for others in ("a/worker-10/", "a/command-1/", "b/worker-", "a/worker-%/"):
        assert await queue.release_all_bytes(others) == 0
    assert await queue.claim_bytes("new", 20, 30, 5) == []
    assert await queue.release_all_bytes("a/worker-1/") == 1
    assert await queue.claim_bytes("new", 20, 30, 5) == [order]


async def test_an_order_that_is_given_back_waits(
    metadata: Metadata, queue: CollectionQueue
) -> None:
    await doom(metadata, queue)
    (mine,) = await queue.claim_bytes("me", 10, 1000, 5)
    await queue.release_bytes("other", mine.number, 11)
    await queue.release_bytes("me", mine.number, 50)
    assert await queue.claim_bytes("other", 49, 60, 5) == []
    assert await queue.claim_bytes("other", 50, 60, 5) == [mine]


async def test_each_time_that_bytes_are_doomed_is_an_order_of_its_own(
    metadata: Metadata, queue: CollectionQueue
) -> None:
    """Else who is done with the first would strike off the second."""
    await doom(metadata, queue)
    (first,) = await queue.claim_bytes("me", 10, 20, 5)
    await doom(metadata, queue)
    await queue.finish_bytes("me", [first.number])
    (second,) = await queue.claim_bytes("me", 11, 20, 5)
    assert second.number != first.number


async def test_manifests_that_nothing_holds_are_dated_or_dropped(
    metadata: Metadata, queue: CollectionQueue
) -> None:
    child, other = some_image("one"), some_image("two")
    await push(metadata, APP, child, some_index(child), tag="index")
    await push(metadata, APP, other, tag="1")
    await push(metadata, APP, child, tag="1")
    assert (await queue.state()).manifests == 1
    assert await date(queue, 100, untagged=False) == 1
    assert await queue.state() == NOTHING
    await push(metadata, APP, other, tag="2")
    await push(metadata, APP, child, tag="2")
    assert await date(queue, 100, untagged=True) == 1
    batch = await collect_manifests(queue, 100, 200, orphaned=False, untagged=True, limit=5)
    assert [removal.name for removal in batch.removed] == [other.digest]
    assert await metadata.manifest_by_digest(APP, other.digest) is None
    assert await metadata.manifest_by_digest(APP, child.digest) is not None
