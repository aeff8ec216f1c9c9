"""The metadata in an SQLite file: one reading and one writing connection a process."""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from entrepot.drivers.sql.engines.sqlite.commit_watch import CommitWatch
from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.read_cache import ReadCache
from entrepot.drivers.sql.engines.sqlite.writer import GroupObserver, GroupWriter, ignore_group
from entrepot.drivers.sql.promises import (
    confirmed_blob,
    confirmed_manifest,
    waits_since_before,
)
from entrepot.drivers.sql.reader import QUERIES, SqliteReader
from entrepot.drivers.sql.transaction import SqliteTransaction
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import Change, Result, StoredBlob, StoredManifest
from entrepot.ports.removal import DEFAULT_HISTORY

_CONFIRMABLE_BLOB = QUERIES["confirmable_blob"]
_CONFIRMABLE_MANIFEST = QUERIES["confirmable_manifest"]
_RENEW_LINK = QUERIES["renew_link"]
_RENEW_MANIFEST = QUERIES["renew_manifest"]


class SqliteMetadata(SqliteReader):
    """Implements `Metadata`. The file must have been migrated.

    Args:
        path: the file.
        observe: told of each group of changes that was committed.
        history_kept: lines of history that each tag keeps.
    """

    def __init__(
        self,
        path: Path,
        observe: GroupObserver = ignore_group,
        history_kept: int = DEFAULT_HISTORY,
    ) -> None:
        self._history_kept = history_kept
        self._reading = connect(path, durable=True, read_only=True)
        super().__init__(self._reading, ReadCache(CommitWatch(self._reading)))
        self._writer = GroupWriter(connect(path, durable=True), observe=observe)

    async def change(self, change: Change[Result]) -> Result:
        """Run a function in a transaction; when this returns, its work is durable."""

        async def work(connection: sqlite3.Connection) -> Result:
            return await change(SqliteTransaction(connection, self._history_kept))

        return await self._writer.run(work)

    async def rows(self, query: str, **parameters: Any) -> list[Any]:
        """Ask a query by its name, for another port that lives in the same file."""
        return await self._rows(QUERIES[query], parameters)

    async def work(self, work: Callable[[sqlite3.Connection], Awaitable[Result]]) -> Result:
        """Change something else in the same file; when this returns, it is durable.

        Args:
            work: runs on the writer's connection, in a transaction; awaits nothing of its own.
        """
        return await self._writer.run(work)

    async def confirm_blob(
        self, name: RepositoryName, digest: Digest, before: Callable[[], int]
    ) -> StoredBlob | None:
        """Find a blob, and let it wait anew where it waits to be collected."""
        parameters = {"name": name, "digest": digest}
        rows = await self._confirm(_CONFIRMABLE_BLOB, _RENEW_LINK, parameters, before)
        return confirmed_blob(rows)

    async def confirm_manifest(
        self, name: RepositoryName, digest: Digest, before: Callable[[], int]
    ) -> StoredManifest | None:
        """Find a manifest, and let it wait anew where it waits to be collected."""
        parameters = {"name": name, "digest": digest}
        rows = await self._confirm(_CONFIRMABLE_MANIFEST, _RENEW_MANIFEST, parameters, before)
        return confirmed_manifest(rows)

    async def _confirm(
        self, question: str, renewal: str, parameters: dict[str, Any], before: Callable[[], int]
    ) -> list[Any]:
        rows = await self._rows(question, parameters)
        if not waits_since_before(rows, before()):
            return rows

        async def work(connection: sqlite3.Connection) -> list[Any]:
            connection.execute(renewal, parameters)
            # Asked again: it may have been collected since.
            return connection.execute(question, parameters).fetchall()

        return await self._writer.run(work)

    async def check(self) -> None:
        """Return when the database answers and can be written."""

        async def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM migrations WHERE number < 0")

        await self._rows("SELECT 1", {})
        await self._writer.run(work)

    def close(self) -> None:
        """Let go of the database."""
        self._writer.close()
        self._reading.close()
