"""An SQLite file behind the seam of `drivers/sql/database.py`.

Questions are answered inline on a connection that cannot change anything: each is a few page reads
from memory. Changes are grouped on one writing connection. What takes long is read on a connection
and in a thread of its own.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from entrepot.drivers.sql.database import Result, Row, Session, Values
from entrepot.drivers.sql.engines.sqlite.commit_watch import CommitWatch
from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.failures import is_busy, translate
from entrepot.drivers.sql.engines.sqlite.read_cache import ReadCache
from entrepot.drivers.sql.engines.sqlite.writer import (
    GroupObserver,
    GroupWriter,
    InlineWriter,
    ignore_group,
)
from entrepot.drivers.sql.queries import Dialect, Query, load_queries
from entrepot.drivers.threads import Threads
from entrepot.errors import MetadataOutage

Done = TypeVar("Done")

BUSY_WAIT_SECONDS = 5.0
_BUSY_PAUSE_SECONDS = 0.005

SQLITE = Dialect(
    folder="sqlite",
    placeholder="?{}",
    each=lambda parameter, _, name: f"json_each({parameter}) AS {name}",
    # SQLite keeps the order of a CROSS JOIN, and would sometimes choose a far worse one.
    join_in_order="CROSS JOIN",
    indexed_by=lambda index: f"INDEXED BY {index}",
    greatest="max",
    bring=lambda values: json.dumps(list(values)),
)
QUERIES = load_queries(SQLITE)


class SqliteDatabase:
    """Implements `Database`. The file must have been migrated.

    Args:
        path: the file.
        durable: whether a commit waits for the disk; without, changes are made inline.
        read_only: for a program that only asks: nothing can be changed, and no answer is kept.
        observe: told of each group of changes that was committed.

    Raises:
        MetadataOutage: it cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        *,
        durable: bool = True,
        read_only: bool = False,
        observe: GroupObserver = ignore_group,
    ) -> None:
        self._path = path
        self._reader: _Reader | None = None
        self._writer: GroupWriter | InlineWriter | None = None
        if durable or read_only:
            self._connection = connect(path, durable=durable, read_only=True)
            self._cache = ReadCache(CommitWatch(None if read_only else self._connection))
        else:
            # What changes with every request is not worth keeping.
            self._connection = connect(path, durable=False)
            self._cache = ReadCache(CommitWatch(None))
            self._writer = InlineWriter(self._connection)
        if durable and not read_only:
            self._writer = GroupWriter(connect(path, durable=True), observe=observe)

    async def rows(self, query: str, /, **values: Any) -> list[Row]:
        """Ask a query."""
        found = QUERIES[query]
        bound = found.bind(values)
        question = (query, bound)
        rows = self._cache.get(question)
        return rows if rows is not None else await self._ask(question, found, bound, _rows)

    async def column(self, query: str, /, **values: Any) -> list[Any]:
        """Ask a query for the first value of each row."""
        found = QUERIES[query]
        bound = found.bind(values)
        question = (query, bound, 0)
        column = self._cache.get(question)
        return column if column is not None else await self._ask(question, found, bound, _column)

    async def transaction(
        self, work: Callable[[Session], Awaitable[Result]], *, durable: bool = True
    ) -> Result:
        """Run a function in a transaction; when this returns, what it did is committed."""
        if self._writer is None:
            raise MetadataOutage("the database was opened for reading only")

        async def run(connection: sqlite3.Connection) -> Result:
            return await work(SqliteSession(connection))

        return await self._writer.run(run)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """Ask any number of questions about one moment, beside the event loop."""
        reader, self._reader = self._reader or _Reader(self._path), None
        try:
            async with reader.at_one_moment():
                yield reader
        finally:
            if self._reader is None:
                self._reader = reader
            else:
                reader.close()

    def close(self) -> None:
        """Let go of the database."""
        if self._reader is not None:
            self._reader.close()
        if self._writer is not None:
            self._writer.close()
        self._connection.close()

    async def _ask(
        self,
        question: Hashable,
        query: Query,
        bound: tuple[Any, ...],
        take: Callable[[sqlite3.Cursor, Query], list[Any]],
    ) -> list[Any]:
        try:
            # Nothing is awaited between the cache's two calls: what is kept is as old as the look.
            rows = take(self._connection.execute(query.text, bound), query)
        except sqlite3.Error as error:
            if not is_busy(error):
                raise translate(error) from error
        else:
            self._cache.put(question, rows)
            return rows
        deadline = time.monotonic() + BUSY_WAIT_SECONDS
        while True:
            await asyncio.sleep(_BUSY_PAUSE_SECONDS)
            try:
                return take(self._connection.execute(query.text, bound), query)
            except sqlite3.Error as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise translate(error) from error


class SqliteSession:
    """Implements `Session` on the connection of a transaction. None of its methods ever waits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def rows(self, query: str, /, **values: Any) -> list[Row]:
        """Ask a query."""
        found = QUERIES[query]
        return _rows(self._connection.execute(found.text, found.bind(values)), found)

    async def column(self, query: str, /, **values: Any) -> list[Any]:
        """Ask a query for the first value of each row."""
        found = QUERIES[query]
        return _column(self._connection.execute(found.text, found.bind(values)), found)

    async def run(self, query: str, /, **values: Any) -> int:
        """Run a statement; tell how many rows it has changed."""
        found = QUERIES[query]
        return self._connection.execute(found.text, found.bind(values)).rowcount

    async def many(self, query: str, rows: Iterable[Values], /) -> int:
        """Run a statement once for each of many sets of values; tell how many rows changed."""
        found = QUERIES[query]
        return max(self._connection.executemany(found.text, map(found.bind, rows)).rowcount, 0)

    async def lock(self, scope: str, *keys: str) -> None:
        """Do nothing: there is one writer at a time."""


class _Reader(SqliteSession):
    """Asks in a thread of its own, on a connection of its own that cannot change anything."""

    def __init__(self, path: Path) -> None:
        super().__init__(connect(path, durable=True, read_only=True))
        self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_WAIT_SECONDS * 1000)}")
        self._threads = Threads(1, "reading")

    async def rows(self, query: str, /, **values: Any) -> list[Row]:
        """Ask a query."""
        found = QUERIES[query]
        return await self._run(partial(self._take, _rows, found, found.bind(values)))

    async def column(self, query: str, /, **values: Any) -> list[Any]:
        """Ask a query for the first value of each row."""
        found = QUERIES[query]
        return await self._run(partial(self._take, _column, found, found.bind(values)))

    async def run(self, query: str, /, **values: Any) -> int:
        """Refuse."""
        raise MetadataOutage("this session only reads")

    async def many(self, query: str, rows: Iterable[Values], /) -> int:
        """Refuse."""
        raise MetadataOutage("this session only reads")

    @asynccontextmanager
    async def at_one_moment(self) -> AsyncIterator[None]:
        """See the database as it is when it is asked first."""
        try:
            await self._run(partial(self._connection.execute, "BEGIN"))
            yield
        finally:
            # Queued behind what is still done in the thread for somebody cancelled, BEGIN included.
            await asyncio.shield(self._run(self._end))

    def close(self) -> None:
        """Let go of the connection and the thread."""
        self._threads.close()
        self._connection.close()

    def _end(self) -> None:
        # An I/O error ends a transaction by itself.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _take(
        self,
        take: Callable[[sqlite3.Cursor, Query], list[Any]],
        query: Query,
        bound: tuple[Any, ...],
    ) -> list[Any]:
        return take(self._connection.execute(query.text, bound), query)

    async def _run(self, work: Callable[[], Done]) -> Done:
        try:
            return await self._threads.run(work)
        except sqlite3.Error as error:
            raise translate(error) from error


def _rows(cursor: sqlite3.Cursor, query: Query) -> list[Any]:
    if query.page_bytes is None:
        return cursor.fetchall()
    rows: list[Any] = []
    size = 0
    for row in cursor:
        rows.append(row)
        size += len(row[-1] or "")
        if size > query.page_bytes:
            break
    cursor.close()
    return rows


def _column(cursor: sqlite3.Cursor, query: Query) -> list[Any]:
    return [row[0] for row in cursor]
