"""Puts adoption together: the directory and the database that the settings name."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

from entrepot.assembly.data_directory import root_directory
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.foreign import DockerRegistryTree
from entrepot.drivers.filesystem.layout import OWN_FOLDER, Layout
from entrepot.drivers.filesystem.ownership import hold, work_beside
from entrepot.drivers.sql.adoption import SqliteAdoptionStore
from entrepot.errors import ConfigurationError
from entrepot.ports.adoption import AdoptionStore
from entrepot.ports.clock import SystemClock
from entrepot.ports.foreign import ForeignRegistry
from entrepot.services.adoption import AdoptionReport, ProgressObserver, adopt, ignore_progress


async def adopt_at_start(
    settings: Settings, progress: ProgressObserver = ignore_progress
) -> AdoptionReport | None:
    """Adopt the data directory, when its database is new or an adoption of it was killed.

    Called once, in the process that starts the workers, before there is any of them; nothing may
    be served before it has returned. Where there is nothing to do it takes a few milliseconds.

    Args:
        settings: name the directory and the database.
        progress: told of each batch.

    Returns:
        What it has come to; None when blobs are not kept in files.

    Raises:
        StorageOutage: something in the directory cannot be read; the message names it.
        StorageFull: there is no room for the database.
        MetadataOutage: the database failed, or another process is adopting.
    """
    if settings.storage.driver != "filesystem" or settings.database_path is None:
        return None
    with open_adoption(settings) as (source, store):
        return await adopt(source, store, SystemClock(), progress)


@contextmanager
def open_adoption(
    settings: Settings, *, dry_run: bool = False, by_hand: bool = False
) -> Iterator[tuple[ForeignRegistry, AdoptionStore]]:
    """Open the directory and the database.

    Args:
        settings: name them.
        dry_run: use a database that is gone afterwards, and touch no other.
        by_hand: somebody asked for it, so there must be something to adopt.

    Raises:
        ConfigurationError: blobs are not kept in files, or there is no such directory.
        NewerDatabase: a newer Entrepot has written the database.
        MetadataOutage: the database cannot be opened, or another process is adopting.
        StorageOutage: a restore is putting another database in its place.
    """
    path = settings.database_path
    if settings.storage.driver != "filesystem" or path is None:
        raise ConfigurationError(
            f"storage.{settings.storage.driver} keeps no files, so there is nothing to adopt"
        )
    root = root_directory(settings)
    if by_hand and not Layout(root).repositories.is_dir():
        raise ConfigurationError(
            f"{Layout(root).repositories} is no directory: storage.filesystem.rootdirectory "
            "names no place where Docker Registry has kept repositories"
        )
    if dry_run:
        with closing(SqliteAdoptionStore.scratch()) as store:
            yield DockerRegistryTree(root), store
        return
    with work_beside(root), closing(SqliteAdoptionStore.open(Path(path))) as store:
        yield DockerRegistryTree(root), store


@asynccontextmanager
async def alone(
    settings: Settings, store: AdoptionStore, *, dry_run: bool, again: bool
) -> AsyncIterator[None]:
    """Keep registries off the directory while somebody adopts it by hand.

    Adoption forgets blobs whose bytes are wrong: a push that heals one in the same moment would
    lose its blob. Printing the report of an earlier adoption needs nobody's absence.

    Args:
        settings: name the directory.
        store: as it was opened.
        dry_run: nothing will be changed.
        again: though the directory was adopted before.

    Raises:
        StorageOutage: a registry runs on it, or it cannot be used.
        MetadataOutage: the database failed.
    """
    state = await store.state()
    told_only = state is not None and state.finished_at is not None and not again
    root = root_directory(settings)
    # Before the first start there is nobody, and a registry that starts meanwhile is refused by
    # the adoption's own lock: nothing is made here, for the folder's user may be another one.
    if dry_run or told_only or not (root / OWN_FOLDER / "lock").exists():
        yield
        return
    with hold(root):
        yield
