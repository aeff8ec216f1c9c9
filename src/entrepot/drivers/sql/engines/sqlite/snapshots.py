"""Copies of the database, by SQLite's own backup, taken while it is in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.database import QUERIES
from entrepot.drivers.sql.engines.sqlite.failures import translate
from entrepot.drivers.sql.engines.sqlite.migrations import migration_files
from entrepot.errors import MetadataOutage, NewerDatabase
from entrepot.ports.backup import GoOn, SnapshotContent

_PAGES_A_STEP = 1_000
_COUNTED = ("repositories", "manifests", "tags", "blobs")


class SqliteSnapshots:
    """Implements `MetadataSnapshots`.

    Args:
        path: the database's file.
        pages: pages that are copied between two looks at whether to go on.
    """

    def __init__(self, path: Path, pages: int = _PAGES_A_STEP) -> None:
        self._path = path
        self._pages = pages

    def write(self, target: Path, go_on: GoOn) -> None:
        """Copy the database as it is at one moment, while others read and write it.

        The copy reads from one transaction, held from its first step to its last: what is
        committed meanwhile is neither in it nor makes it begin anew. Writers do not wait.
        """
        stopped: list[BaseException] = []

        def step(status: int, remaining: int, total: int) -> None:
            try:
                go_on()
            except BaseException as error:
                stopped.append(error)
                raise

        try:
            with (
                closing(connect(self._path, durable=True, read_only=True)) as source,
                closing(sqlite3.connect(target, isolation_level=None)) as copy,
            ):
                source.execute("PRAGMA busy_timeout = 5000")
                source.execute("BEGIN")
                source.execute(QUERIES["snapshot_moment"].text).fetchone()
                # Whoever damages the copy by a crash begins anew: only its end is synced.
                copy.execute("PRAGMA synchronous = OFF")
                source.backup(copy, pages=self._pages, progress=step)
                source.execute("COMMIT")
                # One file by itself, without the two that write-ahead mode lays beside it.
                copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            if stopped:
                raise stopped[0] from None
            raise translate(error) from error

    def verify(self, snapshot: Path) -> SnapshotContent:
        """Read a snapshot whole, and let the database check its file."""
        try:
            # Nothing is written beside it: it may lie where this user may only read.
            location = f"{snapshot.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(location, uri=True)) as copy:
                (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
                if found != "ok":
                    raise MetadataOutage(f"{snapshot} is damaged: {found}")
                _check_schema(copy, snapshot)
                numbers = copy.execute(QUERIES["snapshot_content"].text).fetchone()
        except sqlite3.Error as error:
            outage = translate(error)
            raise MetadataOutage(f"{snapshot} is no usable snapshot: {outage.message}") from error
        return SnapshotContent(**dict(zip(_COUNTED, numbers, strict=True)))


def _check_schema(copy: sqlite3.Connection, snapshot: Path) -> None:
    done = {number for (number,) in copy.execute(QUERIES["snapshot_schema"].text)}
    known = {int(file.name.partition("_")[0]) for file in migration_files("metadata")}
    if not done:
        raise MetadataOutage(f"{snapshot} is a database, but not one of Entrepot's")
    if done - known:
        raise NewerDatabase(f"{snapshot} was written by a newer Entrepot than this one")
