"""Takes what Docker Registry has changed in a directory that was adopted before."""

import asyncio

from entrepot.ports.adoption import AdoptionState, AdoptionStore, Finding, FindingKind
from entrepot.ports.clock import Clock
from entrepot.ports.foreign import ForeignBlobs, ForeignRegistry
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.quarantine import Reason
from entrepot.services.adoption.changes import Changes
from entrepot.services.adoption.progress import Progress, ProgressObserver, Stage
from entrepot.services.adoption.repository import RepositoryAdoption

_PAGE = 1_000
_END = 2**62


async def update(
    source: ForeignRegistry,
    store: AdoptionStore,
    clock: Clock,
    progress: ProgressObserver,
    changes: Changes,
) -> AdoptionState:
    """Take what has changed; killed in between, the next start finds the rest.

    New and moved tags, manifests and blobs are taken; what was deleted is deleted, unless it was
    pushed here since. Bytes that are gone are not served any more.

    Args:
        source: the directory.
        store: the database.
        clock: tells the time.
        progress: told of each repository.
        changes: what has changed.

    Raises:
        StorageOutage: something in the directory cannot be read; the message names it.
        StorageFull: there is no room for the database.
        MetadataOutage: the database failed, or another process is adopting.
    """
    state = await store.begin(clock.now(), again=False)
    marks = await store.trees()
    total = len(changes.written)
    for position, name in enumerate(changes.written):
        mark = marks.get(name)
        since = None if mark is None else mark.newest
        if mark is None and await store.find_repository(name) is not None:
            since = state.started_at  # adopted by a version that kept no marks

        adoption = RepositoryAdoption(
            source, store, set(), name, clock.now(), store.checkpoint, since, update=True
        )
        await adoption.run()
        counts = await store.counts()
        progress(Progress(Stage.ADOPTING, position + 1, total, name, counts, True))
    for gone in changes.gone:
        detail = "its folder is gone; `entrepot repository rm` deletes it here, too"
        await store.note([Finding(FindingKind.GONE_REPOSITORY, "", gone, detail)])
        await store.forget_tree(gone)
    if changes.written:
        await _quarantine_lost(source, store, clock)
    return await store.finish(clock.now())


async def _quarantine_lost(source: ForeignBlobs, store: AdoptionStore, clock: Clock) -> None:
    """Stop serving blobs whose bytes went while Docker Registry ran: it collects garbage, too.

    It knows nothing of what was pushed to Entrepot, so that is garbage in its eyes.
    """
    has_blobs: bool = await asyncio.to_thread(_has_blobs, source)
    after = 0 if has_blobs else _END
    while page := await store.blobs(after, _PAGE):
        after = page[-1][0]
        for blob, reason in await asyncio.to_thread(_lost, source, [blob for _, blob in page]):
            await store.quarantine(blob, reason, clock.now())
            detail = f"its file is {'missing' if reason is Reason.MISSING else 'of another size'}"
            await store.note([Finding(FindingKind.LOST_BLOB, "", blob.digest, detail)])


def _has_blobs(source: ForeignBlobs) -> bool:
    # Where there is none at all, a disk is not mounted.
    return next(source.blobs(), None) is not None


def _lost(source: ForeignBlobs, blobs: list[StoredBlob]) -> list[tuple[StoredBlob, Reason]]:
    found = []
    for blob in blobs:
        size = source.size(blob.location)
        if size != blob.size:
            found.append((blob, Reason.MISSING if size is None else Reason.WRONG_SIZE))
    return found
