"""Adopts a directory: once, from where an earlier attempt was killed; then only what changes."""

import asyncio
from dataclasses import replace

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import AdoptionState, AdoptionStore, Finding, FindingKind
from entrepot.ports.clock import Clock
from entrepot.ports.foreign import ForeignRegistry
from entrepot.services.adoption.blobs import damaged
from entrepot.services.adoption.changes import Changes, find_changes
from entrepot.services.adoption.progress import (
    Progress,
    ProgressObserver,
    Stage,
    ignore_progress,
)
from entrepot.services.adoption.read_ahead import read_ahead
from entrepot.services.adoption.reading import FolderReading
from entrepot.services.adoption.report import (
    AdoptionReport,
    Outcome,
    findings_of_kind,
    write_report,
)
from entrepot.services.adoption.repository import RepositoryAdoption
from entrepot.services.adoption.update import update
from entrepot.services.adoption.verification import VerifiedBlobs


async def adopt(
    source: ForeignRegistry,
    store: AdoptionStore,
    clock: Clock,
    progress: ProgressObserver = ignore_progress,
    verified: VerifiedBlobs | None = None,
    *,
    again: bool = False,
    updating: bool = True,
) -> AdoptionReport:
    """Make known what a directory holds, unless that was done before; then, what has changed.

    A database that knows something already was filled by Entrepot itself: it is marked as done,
    and nothing of the directory is taken but what changes later. When this returns, everything is
    durable.

    Args:
        source: the directory.
        store: the database.
        clock: tells the time.
        progress: told of each batch.
        verified: what reading all blobs has shown, if that was asked for.
        again: read the directory even so, and add what the database does not know. What it
            knows stays as it is; what was deleted since, and is still there, comes back.
        updating: take what has changed since the directory was adopted. False only tells of
            that adoption.

    Raises:
        StorageOutage: something in the directory cannot be read; the message names it.
        StorageFull: there is no room for the database.
        MetadataOutage: the database failed, or another process is adopting.
    """
    state = await store.state()
    if state is not None and state.finished_at is not None and not again:
        changes = Changes()
        if updating:
            changes = await asyncio.to_thread(find_changes, source, await store.trees())
        if not changes:
            return await write_report(store, Outcome.ADOPTED_BEFORE, state)
        before = state.counts
        state = await update(source, store, clock, progress, changes)
        state = replace(state, counts=state.counts.since(before))
        return await write_report(store, Outcome.UPDATED, state)
    first = state is None or state.finished_at is not None
    used = state is None and not again and await store.has_content()
    state = await store.begin(clock.now(), again=again)
    if state.finished_at is not None:  # by another process, since the first look
        return await write_report(store, Outcome.ADOPTED_BEFORE, state)
    if used:
        await _pass_over(source, store)
        state = await store.finish(clock.now())
        return await write_report(store, Outcome.NOTHING_TO_ADOPT, state)
    names = await _adopt_all(source, store, state, progress, verified or VerifiedBlobs())
    state = await store.finish(clock.now())
    outcome = Outcome.ADOPTED if first else Outcome.RESUMED
    return await write_report(store, outcome if names else Outcome.NOTHING_TO_ADOPT, state)


async def _pass_over(source: ForeignRegistry, store: AdoptionStore) -> None:
    """Remember what the directory looks like, so that only what changes is taken from now on."""
    async for batch in read_ahead(source.repositories()):
        for name in batch:
            if not isinstance(name, Finding):
                folder = FolderReading(source, name, None)
                await asyncio.to_thread(folder.pass_over)
                await store.keep_tree(name, folder.mark, folder.tags)


async def _adopt_all(
    source: ForeignRegistry,
    store: AdoptionStore,
    state: AdoptionState,
    progress: ProgressObserver,
    verified: VerifiedBlobs,
) -> int:
    names: list[RepositoryName] = []
    async for batch in read_ahead(source.repositories()):
        await store.note(item for item in batch if isinstance(item, Finding))
        names += [item for item in batch if not isinstance(item, Finding)]
    await store.note(verified.findings)
    await store.note(damaged(digest) for digest in sorted(verified.damaged))
    known_damaged = await _damaged_so_far(store)
    marks = await store.trees()
    reached = state.reached.split("/") if state.reached else []
    for position, name in enumerate(names):
        if name.split("/") <= reached:
            continue

        async def step(name: RepositoryName = name, position: int = position) -> None:
            await store.checkpoint()
            counts = await store.counts()
            progress(Progress(Stage.ADOPTING, position, len(names), name, counts))

        mark = marks.get(name)
        newest = None if mark is None else mark.newest
        work = RepositoryAdoption(
            source, store, known_damaged, name, state.started_at, step, newest
        )
        await work.run()
        counts = await store.counts()
        progress(Progress(Stage.ADOPTING, position + 1, len(names), name, counts, True))
    return len(names)


async def _damaged_so_far(store: AdoptionStore) -> set[Digest]:
    findings = findings_of_kind(store, FindingKind.DAMAGED_BLOB)
    return {Digest(finding.reference) async for finding in findings}
