"""Puts adoption together: the directory and the database that the settings name."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from entrepot.assembly.backend import Backend
from entrepot.errors import ConfigurationError
from entrepot.ports.adoption import AdoptionStore
from entrepot.ports.clock import SystemClock
from entrepot.ports.foreign import ForeignRegistry
from entrepot.services.adoption import AdoptionReport, ProgressObserver, adopt, ignore_progress


async def adopt_at_start(
    backend: Backend, progress: ProgressObserver = ignore_progress
) -> AdoptionReport | None:
    """Adopt the data directory, when its database is new or an adoption of it was killed.

    Called once, in the process that starts the workers, before there is any of them; nothing may
    be served before it has returned. Where there is nothing to do it takes a few milliseconds.

    Args:
        backend: has the directory and the database.
        progress: told of each batch.

    Returns:
        What it has come to; None when blobs are not kept in files.

    Raises:
        StorageOutage: something in the directory cannot be read; the message names it.
        StorageFull: there is no room for the database.
        MetadataOutage: the database failed, or another process is adopting.
    """
    if backend.tree is None:
        return None
    with backend.tree.open(dry_run=False) as (source, store):
        return await adopt(source, store, SystemClock(), progress)


@contextmanager
def open_adoption(
    backend: Backend, *, dry_run: bool = False
) -> Iterator[tuple[ForeignRegistry, AdoptionStore]]:
    """Open the directory and the database for somebody who adopts by hand.

    Args:
        backend: has them.
        dry_run: use a database that is gone afterwards, and touch no other.

    Raises:
        ConfigurationError: blobs are not kept in files, or there is no such directory.
        NewerDatabase: a newer Entrepot has written the database.
        MetadataOutage: the database cannot be opened, or another process is adopting.
        StorageOutage: a restore is putting another database in its place.
    """
    ownership = backend.require_kept()
    tree = backend.tree
    if tree is None or not tree.repositories.is_dir():
        raise ConfigurationError(
            f"{tree and tree.repositories} is no directory: storage.filesystem.rootdirectory "
            "names no place where Docker Registry has kept repositories"
        )
    if dry_run:
        with tree.open(dry_run=True) as opened:
            yield opened
        return
    with ownership.beside(), tree.open(dry_run=False) as opened:
        yield opened


@asynccontextmanager
async def alone(
    backend: Backend, store: AdoptionStore, *, dry_run: bool, again: bool
) -> AsyncIterator[None]:
    """Keep registries off the directory while somebody adopts it by hand.

    Adoption forgets blobs whose bytes are wrong: a push that heals one in the same moment would
    lose its blob. Printing the report of an earlier adoption needs nobody's absence.

    Args:
        backend: has the directory.
        store: as it was opened.
        dry_run: nothing will be changed.
        again: though the directory was adopted before.

    Raises:
        StorageOutage: a registry runs on it, or it cannot be used.
        MetadataOutage: the database failed.
    """
    ownership = backend.require_kept()
    state = await store.state()
    told_only = state is not None and state.finished_at is not None and not again
    # Before the first start there is nobody, and a registry that starts meanwhile is refused by
    # the adoption's own lock: nothing is made here, for the folder's user may be another one.
    if dry_run or told_only or not ownership.was_held:
        yield
        return
    with ownership.hold():
        yield
