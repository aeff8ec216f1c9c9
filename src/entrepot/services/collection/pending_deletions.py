"""Removes the bytes of blobs that are gone.

A blob's row goes first, and the order to remove its bytes comes with the same transaction; then
the bytes; then the order. Killed in between, the order is still there. Somebody may push the same
blob meanwhile, to the same place: the storage asks, while no commit of those bytes is under way,
whether a blob lies there again.
"""

import asyncio

from entrepot.errors import StorageOutage
from entrepot.ports.blobs import BlobKeeper
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.collection import (
    Collected,
    CollectedKind,
    CollectionQueue,
    PendingDeletion,
    Why,
)
from entrepot.services.collection.tally import CollectionObserver

_BATCH = 64
# After it others carry out the orders of a process that died; of one that is slow, too, which harms
# nobody: bytes are removed once.
_LEASE = 30 * MICROSECONDS
_RETRY = 60 * MICROSECONDS


async def carry_out_deletions(
    queue: CollectionQueue,
    blobs: BlobKeeper,
    clock: Clock,
    holder: str,
    observer: CollectionObserver,
) -> None:
    """Carry out the orders to remove bytes that nobody else is at.

    Args:
        queue: where the orders are.
        blobs: where the bytes are.
        clock: tells the time.
        holder: who takes the orders.
        observer: told of what is removed.

    Raises:
        MetadataOutage: the database failed.
    """
    while True:
        now = clock.now()
        claimed = await queue.claim_bytes(holder, now, now + _LEASE, _BATCH)
        if not claimed:
            return
        done = []
        for doomed in claimed:
            try:
                await _remove(queue, blobs, doomed, observer)
            except StorageOutage as outage:
                observer.failed(doomed.location, outage)
                await queue.release_bytes(holder, doomed.number, clock.now() + _RETRY)
            else:
                done.append(doomed.number)
        if done:
            await queue.finish_bytes(holder, done)
        await asyncio.sleep(0)


async def _remove(
    queue: CollectionQueue, blobs: BlobKeeper, doomed: PendingDeletion, observer: CollectionObserver
) -> None:
    async def is_known() -> bool:
        return await queue.has_location(doomed.location)

    if await blobs.delete(doomed.location, is_known):
        observer.removed(
            Collected(CollectedKind.BYTES, "", doomed.digest, doomed.size, Why.UNLINKED)
        )
