"""Puts a snapshot in the database's place. Nobody may use the database meanwhile."""

import sqlite3
from contextlib import closing
from pathlib import Path

from entrepot.drivers.filesystem.durability import make_directory, sync_directory
from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.snapshots import make_private, sync_file
from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.database import QUERIES
from entrepot.drivers.sql.engines.sqlite.failures import translate
from entrepot.drivers.sql.engines.sqlite.set_aside import BESIDE
from entrepot.errors import MetadataOutage

_PAGE = 1_000


def copy_beside(snapshot: Path, database: Path) -> Path:
    """Copy a snapshot to where it can become the database by a change of its name alone.

    Args:
        snapshot: is copied with what its write-ahead log holds, where it has one.
        database: the file beside which it goes.

    Returns:
        The copy; `discard` removes it, and what a crash has left of one is removed first.

    Raises:
        StorageOutage: it cannot be made; the message says why.
        StorageFull: there is no room for it.
        MetadataOutage: the snapshot cannot be read.
    """
    new = database.with_name(f"{database.name}.restoring")
    location = f"{snapshot.absolute().as_uri()}?mode=ro"
    with translated("restoring the database"):
        make_directory(database.parent)
        discard(new)
        make_private(new)
        try:
            with (
                closing(sqlite3.connect(location, uri=True)) as source,
                closing(sqlite3.connect(new, isolation_level=None)) as copy,
            ):
                copy.execute("PRAGMA synchronous = OFF")  # it is synced when it is done
                source.backup(copy)
        except sqlite3.Error as error:
            raise translate(error) from error
    return new


def discard(new: Path) -> None:
    """Remove a copy that did not become the database; of what is gone, do nothing."""
    with translated("restoring the database"):
        for suffix in (*BESIDE, "-journal"):
            new.with_name(new.name + suffix).unlink(missing_ok=True)


def put_in_place(new: Path, database: Path, aside: Path) -> bool:
    """Let a finished copy be the database, durably; what is in its place is kept aside.

    A crash leaves either of the two in place, or none, and then restoring again ends it.

    Args:
        new: the copy; nobody has it open.
        database: the file.
        aside: a free name that the file in its place gets; its write-ahead log goes with it.

    Returns:
        Whether there was one in its place.

    Raises:
        StorageOutage: it cannot be done; the message says why.
        MetadataOutage: the copy is in use.
    """
    _close_log(new)
    with translated("restoring the database"):
        sync_file(new)
        was_there = database.exists()
        for suffix in BESIDE:
            path = database.with_name(database.name + suffix)
            if path.exists():
                path.rename(aside.with_name(aside.name + suffix))
        # Synced before the new one gets its name: it must not meet the old one's log.
        sync_directory(database.parent)
        new.rename(database)
        sync_directory(database.parent)
    return was_there


def _close_log(new: Path) -> None:
    """Bring everything into the one file: its log would stay behind under the old name."""
    try:
        with closing(connect(new, durable=True)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.Error as error:
        raise translate(error) from error
    if mode != "delete":
        raise MetadataOutage(f"{new} is in use")


def lost_tags(aside: Path, database: Path) -> list[tuple[str, str, str, str]] | None:
    """Compare the tags of the database that was set aside with those of the restored one.

    Returns:
        Repository, tag, what it pointed to, and what it points to now (empty for nothing); None
        where the database that was set aside cannot be read.
    """
    found: list[tuple[str, str, str, str]] = []
    key: tuple[int, str] = (-1, "")
    every, one = QUERIES["page_of_all_tags"], QUERIES["digest_of_tag"]
    try:
        with (
            closing(connect(aside, durable=False)) as old,
            closing(connect(database, durable=True, read_only=True)) as new,
        ):
            while True:
                bound = every.bind({"repository": key[0], "tag": key[1], "limit": _PAGE})
                page = old.execute(every.text, bound).fetchall()
                if not page:
                    return found
                for _, tag, name, digest in page:
                    bound = one.bind({"name": name, "tag": tag})
                    row = new.execute(one.text, bound).fetchone()
                    if row is None or row[0] != digest:
                        found.append((name, tag, digest, row[0] if row is not None else ""))
                key = (page[-1][0], page[-1][1])
    except (sqlite3.Error, MetadataOutage):
        return None
