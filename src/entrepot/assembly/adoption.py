"""Puts adoption together: the directory and the database that the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrepot.assembly.data_directory import root_directory
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.foreign import DockerRegistryTree
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.sqlite.adoption import SqliteAdoptionStore
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
    store = SqliteAdoptionStore.scratch() if dry_run else SqliteAdoptionStore.open(Path(path))
    try:
        yield DockerRegistryTree(root), store
    finally:
        store.close()
