"""Puts backup and restore together: the database and the place of its snapshots."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from entrepot.assembly.check import stores_of
from entrepot.assembly.data_directory import hold_directory, root_directory
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.dates import FilesystemDates
from entrepot.drivers.filesystem.ownership import nobody_beside
from entrepot.drivers.filesystem.snapshots import (
    FilesystemSnapshots,
    give_to_owner,
    make_private,
    sync_file,
)
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.engines.sqlite.restoring import (
    SqliteCollectionRestart,
    copy_beside,
    discard,
    lost_tags,
    put_in_place,
)
from entrepot.drivers.sql.engines.sqlite.schema import require_schema
from entrepot.drivers.sql.engines.sqlite.set_aside import free_name
from entrepot.drivers.sql.engines.sqlite.snapshots import SqliteSnapshots
from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.errors import ConfigurationError, MetadataOutage
from entrepot.ports.backup import Snapshot, SnapshotContent
from entrepot.ports.clock import SystemClock
from entrepot.services.backup import Backup, write_checked
from entrepot.services.backup.reconcile import reconcile
from entrepot.services.backup.report import Difference, RestoreReport


def database_file(settings: Settings) -> Path:
    """Name the database's file.

    Raises:
        ConfigurationError: nothing is kept, so there is nothing to back up.
    """
    path = settings.database_path
    if settings.storage.driver == "inmemory" or path is None:
        raise ConfigurationError("storage.inmemory keeps nothing, so there is nothing to back up")
    return Path(path)


def snapshots(settings: Settings) -> FilesystemSnapshots:
    """Give the place where the snapshots lie."""
    database_file(settings)
    return FilesystemSnapshots(root_directory(settings))


async def take(settings: Settings) -> tuple[Snapshot, SnapshotContent]:
    """Take a snapshot, beside a registry that runs; older ones stay.

    Raises:
        MetadataOutage: the database cannot be read.
        StorageOutage: the snapshot cannot be written.
    """
    path = database_file(settings)
    require_schema(path, "metadata")
    return await Backup(SqliteSnapshots(path), snapshots(settings), SystemClock()).take()


def take_to(settings: Settings, target: Path) -> SnapshotContent:
    """Take a snapshot into a file of its own, which must not be there.

    Raises:
        MetadataOutage: the database cannot be read.
        StorageOutage: the file cannot be written.
    """
    path = database_file(settings)
    require_schema(path, "metadata")
    scratch = target.with_name(f".{target.name}.unfinished")
    try:
        if target.exists():
            raise ConfigurationError(f"{target} is there already")
        scratch.unlink(missing_ok=True)
        make_private(scratch)
        content = write_checked(SqliteSnapshots(path), scratch)
        sync_file(scratch)
        scratch.rename(target)
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        scratch.unlink(missing_ok=True)
    return content


def find(settings: Settings, wanted: str | None) -> tuple[str, int, Path]:
    """Find a snapshot: by its name, or as a file; the newest where nothing is named.

    Returns:
        Its name, when it was taken (0 where that is unknown), and its file.

    Raises:
        ConfigurationError: there is none.
    """
    store = snapshots(settings)
    listed = store.listed()
    for snapshot in listed:
        if wanted in (None, snapshot.name):
            path = store.path(snapshot.name)
            if path is not None:
                return snapshot.name, snapshot.taken_at, path
    if wanted is None:
        raise ConfigurationError("there is no backup in the storage; name a file")
    path = Path(wanted)
    if not path.is_file():
        raise ConfigurationError(f"{wanted} is neither a backup's name nor a file")
    return str(path), 0, path


def restore(settings: Settings, wanted: str | None) -> RestoreReport:
    """Put a snapshot in the database's place, and make it agree with the bytes that are there.

    Args:
        settings: name the database and the storage.
        wanted: name of the snapshot, or a file; None takes the newest.

    Raises:
        ConfigurationError: there is no such snapshot.
        MetadataOutage: the snapshot is damaged; nothing was changed.
        StorageOutage: a registry or a command runs on the directory; nothing was changed.
    """
    database = database_file(settings)
    name, taken_at, path = find(settings, wanted)
    with hold_directory(settings):
        content = SqliteSnapshots(path).verify(path)
        report = RestoreReport(name, taken_at, content)
        with nobody_beside(root_directory(settings)):
            new = copy_beside(path, database)
            try:
                migrate(new, "metadata", durable=True)
                sessions = database.with_name("sessions.db")
                migrate(sessions, "sessions", durable=False)
                give_to_owner(sessions, database.parent)
                asyncio.run(_reconcile(settings, new, report))
                # The last of all: whoever finds it under its name finds it reconciled.
                aside = free_name(database, SystemClock().now())
                was_there = put_in_place(new, database, aside)
            finally:
                discard(new)
        if was_there:
            report.aside = str(aside)
            tags = lost_tags(aside, database)
            report.differences = None if tags is None else [Difference(*tag) for tag in tags]
        return report


async def _reconcile(settings: Settings, database: Path, report: RestoreReport) -> None:
    sqlite = replace(settings.database.sqlite, path=str(database))
    copied = replace(settings, database=replace(settings.database, sqlite=sqlite))
    metadata = SqliteMetadata(database)
    dates = FilesystemDates(root_directory(settings))
    try:
        adopted = await metadata.rows("adopted_at")
        adopted_at = int(adopted[0][0]) if adopted else 0
        with stores_of(copied) as stores:
            collection = SqliteCollectionRestart(metadata)
            await reconcile(stores, collection, dates, adopted_at, report)
    finally:
        metadata.close()


def advice(settings: Settings) -> str | None:
    """Say what to do about a database that is lost or damaged; None where there is no backup."""
    try:
        listed = snapshots(settings).listed()
    except (ConfigurationError, MetadataOutage):
        return None
    if not listed:
        return None
    newest = datetime.fromtimestamp(listed[0].taken_at / 1_000_000, UTC).isoformat(" ", "seconds")
    count = f"are {len(listed)} backups" if len(listed) > 1 else "is 1 backup"
    return (
        f"there {count} of it, the newest of {newest}: `entrepot restore` puts that one in its"
        " place and tells what is lost since"
    )
