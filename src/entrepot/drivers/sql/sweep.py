"""The full sweep's pages: read in a thread of their own, so that pulls are answered meanwhile."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.failures import translate
from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.reader import QUERIES
from entrepot.ports.collection import SweptPage

Result = TypeVar("Result")

# Behind every number.
_END = 2**62


class SqliteCollectionSweep:
    """Implements `CollectionSweep`.

    Args:
        path: the database's file, which is read here.
        database: the same, through which the few things that were forgotten are queued.
    """

    def __init__(self, path: Path, database: SqliteMetadata) -> None:
        self._path = path
        self._database = database
        self._executor = ThreadPoolExecutor(1, "sweep")
        self._connection: sqlite3.Connection | None = None

    async def sweep_links(self, after: tuple[int, int], limit: int, since: int) -> SweptPage:
        """Queue what no manifest needs, of a page of links."""
        begin = {"repository": after[0], "blob": after[1]}

        def read() -> tuple[tuple[int, int] | None, int, list[Any]]:
            end = self._ask("end_of_links", **begin, others=limit - 1)
            last = end[0] if end else (_END, _END)
            looked = limit if end else self._ask("rest_of_links", **begin)[0][0]
            loose = self._ask(
                "loose_links", **begin, last_repository=last[0], last_blob=last[1], since=since
            )
            return (last if end else None), looked, loose

        reached, looked, loose = await self._in_thread(read)
        await self._queue("queue_link", [{"repository": row[0], "blob": row[1]} for row in loose])
        return SweptPage(reached, looked, len(loose))

    async def sweep_blobs(self, after: tuple[int, int], limit: int) -> SweptPage:
        """Queue what no repository has, of a page of blobs."""
        return await self._by_number("blob", after[0], limit)

    async def sweep_manifests(self, after: tuple[int, int], limit: int) -> SweptPage:
        """Queue what has no tag and is in no index, of a page of manifests."""
        return await self._by_number("manifest", after[0], limit)

    async def adopted_at(self) -> int | None:
        """Tell when the directory was adopted."""
        rows = await self._database.rows("adopted_at")
        return int(rows[0][0]) if rows else None

    def close(self) -> None:
        """Let go of the database, and of the thread."""
        self._executor.submit(self._disconnect)
        self._executor.shutdown()

    async def _by_number(self, name: str, after: int, limit: int) -> SweptPage:
        def read() -> tuple[tuple[int, int] | None, int, list[Any]]:
            end = self._ask(f"end_of_{name}s", after=after, others=limit - 1)
            last = end[0][0] if end else _END
            looked = limit if end else self._ask(f"rest_of_{name}s", after=after)[0][0]
            loose = self._ask(f"loose_{name}s", after=after, last=last)
            return ((last, 0) if end else None), looked, loose

        reached, looked, loose = await self._in_thread(read)
        await self._queue(f"queue_{name}", [{name: number} for (number,) in loose])
        return SweptPage(reached, looked, len(loose))

    def _ask(self, query: str, **parameters: int) -> list[Any]:
        if self._connection is None:
            self._connection = connect(self._path, durable=True, read_only=True)
            self._connection.execute("PRAGMA busy_timeout = 5000")  # here nobody else waits
        return self._connection.execute(QUERIES[query], parameters).fetchall()

    async def _in_thread(self, read: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, read)
        except sqlite3.Error as error:
            raise translate(error) from error

    async def _queue(self, query: str, found: list[dict[str, int]]) -> None:
        if not found:
            return

        async def work(connection: sqlite3.Connection) -> None:
            connection.executemany(QUERIES[query], found)

        await self._database.work(work)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
