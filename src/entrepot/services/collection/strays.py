"""Removes bytes that no blob lies at: what a crash has left behind.

What is older than the adoption of the directory belongs to the program that wrote it: the
manifests and links of Docker Registry, which it may want back. It is left, and counted.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from entrepot.errors import StorageOutage
from entrepot.ports.blobs import BlobKeeper, StoredBytes
from entrepot.ports.collection import CollectionQueue, Kind, Removal, Why
from entrepot.services.collection.tally import CollectionObserver

_PAGE = 200


@dataclass(frozen=True, slots=True)
class StrayRules:
    """Which bytes may be removed; times in microseconds since 1970, UTC.

    Attributes:
        before: those that were there before it.
        since: those that got there since then; None for any.
    """

    before: int
    since: int | None


async def remove_strays(
    queue: CollectionQueue,
    blobs: BlobKeeper,
    rules: StrayRules,
    observer: CollectionObserver,
    pause: Callable[[], Awaitable[None]],
) -> None:
    """Walk the whole storage and remove what no blob lies at.

    Args:
        queue: tells where blobs lie.
        blobs: the storage.
        rules: which bytes may be removed.
        observer: told of what is removed.
        pause: called after each page, for others to have their turn.

    Raises:
        MetadataOutage: the database failed.
        StorageOutage: the storage cannot be listed.
    """
    looked = strays = 0
    async for found in blobs.stored():
        looked += 1
        if await _is_stray(queue, found, rules):
            strays += await _remove(queue, blobs, found, observer)
        if looked >= _PAGE:
            observer.swept("files", looked, strays)
            looked = strays = 0
            await pause()
    if looked:
        observer.swept("files", looked, strays)


async def _is_stray(queue: CollectionQueue, found: StoredBytes, rules: StrayRules) -> bool:
    if found.touched_at >= rules.before:
        return False
    if rules.since is not None and found.touched_at < rules.since:
        return False
    return not await queue.has_location(found.location)


async def _remove(
    queue: CollectionQueue, blobs: BlobKeeper, found: StoredBytes, observer: CollectionObserver
) -> bool:
    async def is_known() -> bool:
        # Asked again, while no commit is under way: it may be a blob since.
        return await queue.has_location(found.location)

    try:
        removed = await blobs.delete(found.location, is_known)
    except StorageOutage as outage:
        observer.failed(found.location, outage)
        return False
    if removed:
        observer.removed(Removal(Kind.BYTES, "", found.location, found.size, Why.STRAY))
    return removed
