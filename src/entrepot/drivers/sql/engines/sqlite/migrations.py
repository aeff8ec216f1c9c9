"""Brings a database file to the schema of this program, or looks whether it has it.

Commands that run beside a registry never migrate: it may be of the version whose schema is there.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.failures import translate
from entrepot.drivers.sql.engines.sqlite.private_file import make_private_file
from entrepot.errors import MetadataOutage, NewerDatabase

LOCK_WAIT_MILLISECONDS = 30_000

_KNOWN = """
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
)
"""


def migrate(path: Path, family: str, *, durable: bool) -> list[str]:
    """Apply the migrations that a database lacks, all in one transaction under its write lock.

    Args:
        path: the file; it is created if missing.
        family: which schema: `metadata` or `sessions`.
        durable: whether the commit waits for the disk.

    Returns:
        The names of the migrations that were applied.

    Raises:
        NewerDatabase: the database has migrations that this program does not know.
        MetadataOutage: the database cannot be opened, or stays locked for 30 s.
    """
    _make_file(path)
    connection = connect(path, durable=durable)
    try:
        connection.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_MILLISECONDS}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            applied = _apply_missing(connection, path, family)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise translate(error) from error
    finally:
        connection.close()
    return applied


def require_schema(path: Path, family: str) -> None:
    """Return when a database is there and has exactly the schema of this program.

    Args:
        path: the file.
        family: which schema: `metadata` or `sessions`.

    Raises:
        NewerDatabase: a newer Entrepot has written it.
        MetadataOutage: there is none, it cannot be opened, or an older Entrepot has written it.
    """
    if not path.exists():
        raise MetadataOutage(f"there is no database {path}")
    try:
        with closing(connect(path, durable=True, read_only=True)) as connection:
            done = {number for (number,) in connection.execute("SELECT number FROM migrations")}
    except sqlite3.Error as error:
        outage = translate(error)
        raise MetadataOutage(f"{path}: {outage.message}; see `entrepot backup list`") from error
    known = {int(file.name.partition("_")[0]) for file in migration_files(family)}
    if done - known:
        raise NewerDatabase(f"{path} was written by a newer Entrepot than this one")
    if known - done:
        raise MetadataOutage(
            f"{path} was written by an older Entrepot; start this one once to bring it up to date"
        )


def migration_files(family: str) -> list[Traversable]:
    """List the migrations of one database, `metadata` or `sessions`, in their order."""
    folder = files(__package__).joinpath("migrations", family)
    return sorted(folder.iterdir(), key=lambda entry: entry.name)


def _make_file(path: Path) -> None:
    try:
        make_private_file(path)
    except OSError as error:
        raise MetadataOutage(f"the file of the database, {path}: {error.strerror}") from error


def _apply_missing(connection: sqlite3.Connection, path: Path, family: str) -> list[str]:
    connection.execute(_KNOWN)
    done = {number for (number,) in connection.execute("SELECT number FROM migrations")}
    known = {int(file.name.partition("_")[0]): file for file in migration_files(family)}
    unknown = sorted(done - known.keys())
    if unknown:
        raise NewerDatabase(
            f"{path} was written by a newer Entrepot (its schema is at {unknown[-1]}, this "
            f"program knows {max(known)}); start that newer version, or restore a backup "
            "that was made before the upgrade",
            {"path": str(path), "schema": unknown[-1], "known": max(known)},
        )
    applied = []
    for number in sorted(known.keys() - done):
        for statement in split_statements(known[number].read_text("utf-8")):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)",
            (number, known[number].name, time.time_ns() // 1000),
        )
        applied.append(known[number].name)
    return applied


def split_statements(script: str) -> Iterator[str]:
    """Take a script apart into statements, as SQLite itself sees their ends."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
