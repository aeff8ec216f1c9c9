"""A session whose transaction spans many calls: for work that writes very many rows."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from entrepot.drivers.sql.database import Row, Values
from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.database import QUERIES, SqliteSession
from entrepot.drivers.sql.engines.sqlite.failures import translate
from entrepot.drivers.sql.engines.sqlite.lock import FileLock
from entrepot.drivers.sql.engines.sqlite.migrations import (
    migrate,
    migration_files,
    split_statements,
)

_BUSY_WAIT_MILLISECONDS = 10_000
# Indexes are filled in the order of digests, which is none: their pages stay at hand.
_CACHE_KIBIBYTES = 64 * 1024
_CHECKPOINT_PAGES = 8_000


class SqliteBulk(SqliteSession):
    """Implements `Session`; its first change begins a transaction, which `commit` ends.

    Args:
        connection: nobody else uses it.
        lock: the file that keeps others from the same work; None where nobody else can come.
        work: what is locked, for the message: "adopting this directory".
    """

    def __init__(self, connection: sqlite3.Connection, lock: Path | None, work: str) -> None:
        super().__init__(connection)
        self._lock_path = lock
        self._work = work
        self._lock: FileLock | None = None
        self._committed_changes = 0

    @classmethod
    def open(cls, path: Path, name: str, work: str) -> Self:
        """Open a database, and bring it to the schema of this program.

        Args:
            path: the file.
            name: of the work, in the lock's file name.
            work: what is locked, for the message.

        Raises:
            NewerDatabase: a newer Entrepot has written the database.
            MetadataOutage: it cannot be opened, or another process does this work.
        """
        lock = path.with_name(f"{path.name}-{name}")
        if lock.exists():  # whoever holds it keeps the database locked: do not wait for that
            FileLock(lock, work).release()
        migrate(path, "metadata", durable=True)
        connection = connect(path, durable=True)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_WAIT_MILLISECONDS}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        return cls(connection, lock, work)

    @classmethod
    def scratch(cls) -> Self:
        """Make an empty database that nobody else sees, and that is gone when it is closed.

        SQLite keeps it in memory, and what does not fit in a temporary file without a name.
        """
        connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for file in migration_files("metadata"):
            for statement in split_statements(file.read_text("utf-8")):
                connection.execute(statement)
        return cls(connection, None, "")

    async def rows(self, query: str, /, **values: Any) -> list[Row]:
        """Ask a query."""
        with _translated():
            if QUERIES[query].changes:
                self._begin()
            return await super().rows(query, **values)

    async def column(self, query: str, /, **values: Any) -> list[Any]:
        """Ask a query for the first value of each row."""
        with _translated():
            if QUERIES[query].changes:
                self._begin()
            return await super().column(query, **values)

    async def run(self, query: str, /, **values: Any) -> int:
        """Run a statement; tell how many rows it has changed."""
        with _translated():
            self._begin()
            return await super().run(query, **values)

    async def many(self, query: str, rows: Iterable[Values], /) -> int:
        """Run a statement once for each of many sets of values; tell how many rows changed."""
        with _translated():
            self._begin()
            return await super().many(query, rows)

    def hold(self) -> None:
        """Become the only one who does this work.

        Raises:
            MetadataOutage: somebody else does it at this moment.
        """
        if self._lock is None and self._lock_path is not None:
            self._lock = FileLock(self._lock_path, self._work)

    def changes(self) -> int:
        """Tell how many rows have changed since the last commit, those of triggers included."""
        return self._connection.total_changes - self._committed_changes

    def commit(self) -> None:
        """Make durable what was changed."""
        with _translated():
            self._connection.execute("COMMIT")
        self._committed_changes = self._connection.total_changes

    def close(self) -> None:
        """Let go of the database; what was not committed is gone."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error) from error
