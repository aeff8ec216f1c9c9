"""Puts a snapshot in the database's place. Nobody may use the database meanwhile."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from entrepot.drivers.filesystem.durability import make_directory, sync_directory
from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.snapshots import make_private, sync_file
from entrepot.drivers.sqlite.connection import connect
from entrepot.drivers.sqlite.metadata import SqliteMetadata
from entrepot.drivers.sqlite.queries import load_queries
from entrepot.errors import MetadataOutage

_QUERIES = load_queries()
_BESIDE = ("", "-wal", "-shm")
_PAGE = 1_000


def put_in_place(snapshot: Path, database: Path, aside: Path) -> bool:
    """Let a snapshot be the database, durably; what is in its place is kept aside.

    A crash leaves either of the two in place, or none, and then doing it again ends it.

    Args:
        snapshot: is copied.
        database: the file.
        aside: the name that the file in its place gets; its write-ahead log goes with it.

    Returns:
        Whether there was one in its place.

    Raises:
        StorageOutage: it cannot be done; the message says why.
        StorageFull: there is no room for the copy.
    """
    new = database.with_name(f"{database.name}.restoring")
    with translated("restoring the database"):
        make_directory(database.parent)
        new.unlink(missing_ok=True)
        make_private(new)
        shutil.copyfile(snapshot, new)
        sync_file(new)
        was_there = database.exists()
        for suffix in _BESIDE:
            path = database.with_name(database.name + suffix)
            if path.exists():
                path.rename(aside.with_name(aside.name + suffix))
        # Synced before the new one gets its name: it must not meet the old one's log.
        sync_directory(database.parent)
        new.rename(database)
        sync_directory(database.parent)
    return was_there


def lost_tags(aside: Path, database: Path) -> list[tuple[str, str, str, str]] | None:
    """Compare the tags of the database that was put aside with those of the restored one.

    Returns:
        Repository, tag, what it pointed to, and what it points to now (empty for nothing); None
        where the database that was put aside cannot be read.
    """
    found: list[tuple[str, str, str, str]] = []
    key: tuple[int, str] = (-1, "")
    try:
        with (
            closing(connect(aside, durable=False)) as old,
            closing(connect(database, durable=True, read_only=True)) as new,
        ):
            while True:
                parameters = {"repository": key[0], "tag": key[1], "limit": _PAGE}
                page = old.execute(_QUERIES["page_of_all_tags"], parameters).fetchall()
                if not page:
                    return found
                for _, tag, name, digest in page:
                    wanted = {"name": name, "tag": tag}
                    row = new.execute(_QUERIES["digest_of_tag"], wanted).fetchone()
                    if row is None or row[0] != digest:
                        found.append((name, tag, digest, row[0] if row is not None else ""))
                key = (page[-1][0], page[-1][1])
    except (sqlite3.Error, MetadataOutage):
        return None


class SqliteCollectionRestart:
    """Lets the collector's queue begin anew.

    Args:
        database: whose queue it is.
    """

    def __init__(self, database: SqliteMetadata) -> None:
        self._database = database

    async def begin_anew(self) -> None:
        """Let whatever waits to be collected wait for its whole grace again."""

        async def work(connection: sqlite3.Connection) -> None:
            for query in ("collect_links_anew", "collect_manifests_anew", "forget_doomed_bytes"):
                connection.execute(_QUERIES[query])

        await self._database.work(work)
