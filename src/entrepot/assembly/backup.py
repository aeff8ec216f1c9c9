"""Takes snapshots of the database, and puts one in its place."""

import asyncio
from contextlib import closing
from pathlib import Path

from entrepot.assembly.backend import Backend
from entrepot.assembly.backend.snapshots import Snapshots
from entrepot.config.settings import Settings
from entrepot.errors import ConfigurationError
from entrepot.ports.backup import Snapshot, SnapshotContent
from entrepot.ports.clock import SystemClock
from entrepot.services.backup import Backup, write_checked
from entrepot.services.backup.report import Difference, RestoreReport
from entrepot.services.redo import Redo


def snapshots_of(settings: Settings) -> Snapshots:
    """Give what knows of the snapshots of a registry.

    Raises:
        ConfigurationError: nothing is kept.
    """
    return _snapshots(Backend(settings))


def _snapshots(backend: Backend) -> Snapshots:
    backend.require_kept()
    assert backend.snapshots is not None
    return backend.snapshots


async def take(settings: Settings) -> tuple[Snapshot, SnapshotContent]:
    """Take a snapshot, beside a registry that runs; older ones stay.

    Raises:
        MetadataOutage: the database cannot be read.
        StorageOutage: the snapshot cannot be written.
    """
    known = _readable(settings)
    return await Backup(known.source, known.store, SystemClock()).take()


def take_to(settings: Settings, target: Path) -> SnapshotContent:
    """Take a snapshot into a file of its own, which must not be there.

    Raises:
        MetadataOutage: the database cannot be read.
        ConfigurationError: the file cannot be written.
    """
    known = _readable(settings)
    try:
        with known.new_file(target) as scratch:
            return write_checked(known.source, scratch)
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from error


def _readable(settings: Settings) -> Snapshots:
    backend = Backend(settings)
    backend.require_database()
    known = _snapshots(backend)
    known.require_schema()
    return known


def find(settings: Settings, wanted: str | None) -> tuple[str, int, Path]:
    """Find a snapshot: by its name, or as a file; the newest where nothing is named.

    Returns:
        Its name, when it was taken (0 where that is unknown), and its file.

    Raises:
        ConfigurationError: there is none.
    """
    store = snapshots_of(settings).store
    for snapshot in store.listed():
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
    backend = Backend(settings)
    known = _snapshots(backend)
    name, taken_at, path = find(settings, wanted)
    with backend.alone():
        report = RestoreReport(name, taken_at, known.source.verify(path))
        with known.replacement(path) as new:
            asyncio.run(_reconcile(backend, new, report))
            # The last of all: whoever finds it under its name finds it reconciled.
            aside = known.put_in_place(new)
        if aside is not None:
            report.aside = str(aside)
            tags = known.lost_tags(aside)
            report.differences = None if tags is None else [Difference(*tag) for tag in tags]
        return report


async def _reconcile(backend: Backend, new: Path, report: RestoreReport) -> None:
    replacing = backend.with_database(new)
    with closing(replacing.open()) as drivers, replacing.checked(drivers) as stores:
        await Redo(drivers.redo, drivers.blobs).replay()
        await _snapshots(backend).reconcile(new, stores, report)
