"""What holds a manifest, and how one goes that nothing holds.

A tag holds a manifest, and so do an index of its repository and a subject that is there. A tag
that makes the manifest an accessory of one that was deleted holds nothing, and goes with it.
"""

from collections.abc import Callable

from entrepot.ports.access import COLLECTOR
from entrepot.ports.collection import (
    Batch,
    Collected,
    CollectedKind,
    CollectionQueue,
    CollectionTransaction,
    Ties,
    Why,
)
from entrepot.services.changes import Changes
from entrepot.services.collection.rules import Repositories, no_repository


async def begin_graces(
    queue: CollectionQueue,
    now: Callable[[], int],
    later: int,
    *,
    untagged: bool,
    limit: int,
    mirrors: Repositories = no_repository,
) -> int:
    """Let the grace of some candidates begin; gives how many were dealt with.

    Manifests that something holds are dropped from the queue. The blobs of those that will go
    begin their grace with them, so that both end together.

    Args:
        queue: has them.
        now: tells the time. Asked within the transaction: who was told meanwhile that something
            is here, and has found it undated, is to have the whole grace.
        later: how much later the grace of a manifest's blobs ends than its own.
        untagged: whether manifests go that nothing holds; else only those that speak of one that
            was deleted.
        limit: candidates at most, of each kind.
        mirrors: repositories where manifests stay that nothing holds.
    """
    # Asked first without a transaction: mostly there is nothing to do.
    if not await queue.has_undated():
        return 0

    async def change(transaction: CollectionTransaction) -> int:
        moment = now()
        candidates = await transaction.undated_manifests(limit)
        for manifest, orphaned in candidates:
            ties = await transaction.ties(manifest)
            stays = not orphaned and (not untagged or (ties is not None and mirrors(ties.name)))
            if ties is not None and not stays and _may_go(ties):
                await transaction.date_manifest(manifest, moment, moment + later)
            else:
                await transaction.drop_manifest_candidate(manifest)
        return len(candidates) + await transaction.date_links(moment, limit)

    return await queue.change(change)


async def collect_manifests(
    queue: CollectionQueue,
    before: int,
    now: int,
    *,
    orphaned: bool,
    untagged: bool,
    limit: int,
    mirrors: Repositories = no_repository,
) -> Batch:
    """Remove candidates that nothing holds; drop those that something does.

    Args:
        queue: has them.
        before: those whose grace began before it or then.
        now: the time, for the history of tags.
        orphaned: those that speak of a manifest that was deleted; else the others.
        untagged: whether the others may go.
        limit: candidates at most.
        mirrors: repositories where the others stay.
    """
    if not await queue.has_due_manifests(before, orphaned=orphaned):
        return Batch(0)

    async def change(transaction: CollectionTransaction) -> Batch:
        due = await transaction.due_manifests(before, orphaned=orphaned, limit=limit)
        collected: list[Collected] = []
        for manifest in due:
            ties = await transaction.ties(manifest) if untagged or orphaned else None
            if ties is None or (not orphaned and mirrors(ties.name)):
                await transaction.drop_manifest_candidate(manifest)
            else:
                collected += await _collect(transaction, ties, now, orphaned=orphaned)
        return Batch(len(due), tuple(collected))

    return await queue.change(change)


async def _collect(
    transaction: CollectionTransaction, ties: Ties, now: int, *, orphaned: bool
) -> list[Collected]:
    ended = ties.orphaned_tags if orphaned else ()
    why = Why.ORPHANED if orphaned else Why.UNTAGGED
    removed = [Collected(CollectedKind.TAG, ties.name, tag, 0, why) for tag in ended]
    changes = Changes(transaction, COLLECTOR, now, ties.name, ties.repository)
    holding = set(ties.tags) - set(ended)
    if holding or ties.is_indexed or ties.has_subject:
        for tag in ended:
            await changes.delete_tag(tag)
        await transaction.drop_manifest_candidate(ties.manifest)
        return removed
    dated = await transaction.dated_links(ties.manifest)
    # What a list of referrers names may have no subject of its own.
    listed = await transaction.listed_manifests(ties.manifest) if ended else []
    await changes.delete_manifest(ties.digest)
    await transaction.orphan_manifests(listed)
    # Whoever was promised one of them since then has let it wait anew.
    await transaction.keep_dates(dated)
    return [
        *removed,
        Collected(CollectedKind.MANIFEST, ties.name, ties.digest, ties.size, why),
    ]


def _may_go(ties: Ties) -> bool:
    held = bool(ties.tags) or ties.is_indexed or ties.has_subject
    return not held or bool(ties.orphaned_tags)
