"""Removes bytes that no blob lies at: what a crash has left behind.

What is older than the adoption of the directory belongs to the program that wrote it: the
manifests of Docker Registry, which it may want back. What a link in its directory names is left
too, however new it is: Docker Registry may have taken a push since. Both are counted.
"""

from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass

from entrepot.errors import StorageOutage
from entrepot.ports.blobs import BlobKeeper, Location, StoredBytes
from entrepot.ports.collection import Collected, CollectedKind, CollectionQueue, Why
from entrepot.services.collection.tally import CollectionObserver

_PAGE = 200
# The links of a directory are all read for so many strays at once.
_STRAYS = 20_000

Named = Callable[[Set[Location]], Awaitable[set[Location]]]


async def none_named(locations: Set[Location]) -> set[Location]:
    """Know of no other registry."""
    return set()


@dataclass(frozen=True, slots=True)
class StrayRules:
    """Which bytes may be removed; times in microseconds since 1970, UTC.

    Attributes:
        before: those that were there before it.
        since: those that got there since then; None for any.
        named: tells to which of some places a link of another registry leads.
    """

    before: int
    since: int | None
    named: Named = none_named


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
    after = ""
    strays: list[StoredBytes] = []
    while page := await blobs.stored("", after, _PAGE):
        strays += [found for found in page if await _is_stray(queue, found, rules)]
        after = page[-1].location
        observer.swept("files", len(page), 0)
        await pause()
        if len(strays) >= _STRAYS:
            await _remove_unnamed(queue, blobs, strays, rules, observer)
            strays = []
    await _remove_unnamed(queue, blobs, strays, rules, observer)


async def _remove_unnamed(
    queue: CollectionQueue,
    blobs: BlobKeeper,
    strays: list[StoredBytes],
    rules: StrayRules,
    observer: CollectionObserver,
) -> None:
    if not strays:
        return
    named = await rules.named({found.location for found in strays})
    removed = 0
    for found in strays:
        if found.location not in named:
            removed += await _remove(queue, blobs, found, observer)
    observer.swept("files", 0, removed)


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
        observer.removed(Collected(CollectedKind.BYTES, "", found.location, found.size, Why.STRAY))
    return removed
