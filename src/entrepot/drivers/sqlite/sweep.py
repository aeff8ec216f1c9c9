"""The full sweep's pages: read in a thread of their own, so that pulls are answered meanwhile."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from entrepot.drivers.sqlite.connection import connect
from entrepot.drivers.sqlite.failures import translate
from entrepot.drivers.sqlite.metadata import SqliteMetadata
from entrepot.drivers.sqlite.reader import QUERIES
from entrepot.ports.collection import SweptPage


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
        page = await self._page(
            "sweep_links", repository=after[0], blob=after[1], limit=limit, since=since
        )
        found = [{"repository": row[0], "blob": row[1]} for row in page if row[2]]
        await self._queue("queue_link", found)
        reached = (page[-1][0], page[-1][1]) if len(page) == limit else None
        return SweptPage(reached, len(page), len(found))

    async def sweep_blobs(self, after: tuple[int, int], limit: int) -> SweptPage:
        """Queue what no repository has, of a page of blobs."""
        return await self._by_number("sweep_blobs", "queue_blob", "blob", after, limit)

    async def sweep_manifests(self, after: tuple[int, int], limit: int) -> SweptPage:
        """Queue what has no tag and is in no index, of a page of manifests."""
        return await self._by_number("sweep_manifests", "queue_manifest", "manifest", after, limit)

    async def adopted_at(self) -> int | None:
        """Tell when the directory was adopted."""
        rows = await self._database.rows("adopted_at")
        return int(rows[0][0]) if rows else None

    def close(self) -> None:
        """Let go of the database, and of the thread."""
        self._executor.submit(self._disconnect)
        self._executor.shutdown()

    async def _by_number(
        self, query: str, queue: str, name: str, after: tuple[int, int], limit: int
    ) -> SweptPage:
        page = await self._page(query, after=after[0], limit=limit)
        found = [{name: number} for number, is_loose in page if is_loose]
        await self._queue(queue, found)
        reached = (page[-1][0], 0) if len(page) == limit else None
        return SweptPage(reached, len(page), len(found))

    async def _page(self, query: str, **parameters: Any) -> list[Any]:
        def read() -> list[Any]:
            if self._connection is None:
                self._connection = connect(self._path, durable=True, read_only=True)
                self._connection.execute("PRAGMA busy_timeout = 5000")  # here nobody else waits
            return self._connection.execute(QUERIES[query], parameters).fetchall()

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
