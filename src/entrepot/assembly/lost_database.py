"""Looks, before a start, whether the database is lost or damaged while there is data without it.

An empty database beside blobs would serve nothing, and its collector would remove them: so a start
never makes one in silence.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrepot.assembly.data_directory import root_directory
from entrepot.config.settings import Settings
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.sql.engines.sqlite.damage import is_damage
from entrepot.drivers.sql.engines.sqlite.set_aside import newest_aside
from entrepot.errors import MetadataOutage
from entrepot.oci.digest import HEX_LENGTH

logger = logging.getLogger("entrepot.database")


def check_database_is_there(settings: Settings) -> None:
    """Return when the database is there, or nothing is that it would have to know.

    Raises:
        MetadataOutage: it is missing or empty, and there are backups of it, or blobs that no link
            of Docker Registry leads to; the message says what to do.
    """
    if settings.storage.driver == "inmemory" or settings.database_path is None:
        return
    path = Path(settings.database_path)
    try:
        if path.exists() and path.stat().st_size:
            return
    except OSError:
        return  # why it cannot be looked at is told by whoever opens it
    said = f"the database {path} is {'empty' if path.exists() else 'missing'}"
    layout = Layout(root_directory(settings))
    backups = _advice(settings) if layout.backups.is_dir() else None
    if backups is not None:
        raise MetadataOutage(
            f"{said}; {backups}. To begin with an empty database instead, move the folder"
            f" {layout.backups} away"
        )
    if not _has_blobs(layout):
        return
    if not _has_entries(layout.repositories):
        raise MetadataOutage(
            f"{said}, and there is no backup of it, but {layout.blobs} has blobs. Put the database"
            " back (database.sqlite.path says where it lies), or `entrepot restore FILE`; if"
            " nothing of it is needed any more, remove these blobs"
        )
    aside = newest_aside(path)
    if aside is not None:
        raise MetadataOutage(
            f"{said}, and {aside[0]} lies beside it: a restore has not come to its end. Repeat it,"
            f" or `entrepot restore {aside[0]}` to have that one again"
        )
    if path.with_name("sessions.db").exists():
        logger.warning(
            "%s, and there is no backup of it: the directory of Docker Registry is adopted anew."
            " What was pushed to Entrepot itself is not in it",
            said,
        )


def _advice(settings: Settings) -> str | None:
    # Here, for a start that finds everything in order needs nothing of backups.
    from entrepot.assembly.backup import advice

    return advice(settings)


@contextmanager
def advising(settings: Settings) -> Iterator[None]:
    """Add to the error of a damaged database what can be done about it.

    Raises:
        MetadataOutage: what was raised inside, with the advice.
    """
    try:
        yield
    except MetadataOutage as error:
        if not is_damage(error):
            raise
        what = _advice(settings)
        todo = what if what is not None else "there is no backup of it in the storage"
        raise MetadataOutage(f"{settings.database_path}: {error.message}; {todo}") from error


def _has_blobs(layout: Layout) -> bool:
    for algorithm in HEX_LENGTH:
        for prefix in _folders(layout.blobs / algorithm):
            if any((Path(folder) / "data").exists() for folder in _folders(prefix)):
                return True
    return False


def _has_entries(folder: Path) -> bool:
    return next(_folders(folder), None) is not None


def _folders(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield Path(entry.path)
    except OSError:
        return
