"""Mends rows."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.reader import QUERIES
from entrepot.drivers.sql.transaction import SqliteTransaction
from entrepot.oci.digest import Digest
from entrepot.ports.check import DanglingRow, EdgeRow, InspectedManifest
from entrepot.ports.metadata import StoredBlob


class SqliteMender:
    """Implements `Mender`.

    Args:
        database: whose file and whose commits it shares.
    """

    def __init__(self, database: SqliteMetadata) -> None:
        self._database = database

    async def drop(self, row: DanglingRow) -> bool:
        """Remove a row that refers to nothing; False when it refers to something by now."""
        first, second = row.key

        async def work(connection: sqlite3.Connection) -> int:
            parameters = {"first": first, "second": second}
            return connection.execute(QUERIES[f"drop_dangling_{row.kind}"], parameters).rowcount

        return await self._database.work(work) > 0

    async def mend_edges(
        self, manifest: InspectedManifest, missing: Iterable[EdgeRow], wrong: Iterable[EdgeRow]
    ) -> bool:
        """Write the edges that a manifest lacks, and remove those that it does not have."""

        async def work(connection: sqlite3.Connection) -> bool:
            if not _is_there(connection, manifest):
                return False
            for edge in wrong:
                connection.execute(QUERIES["drop_edge"], _edge(manifest, edge))
            for edge in missing:
                connection.execute(QUERIES["mend_edge"], _edge(manifest, edge))
            return True

        return await self._database.work(work)

    async def link(self, manifest: InspectedManifest, digest: Digest, now: int) -> bool:
        """Let a manifest's repository have a known blob; False when either is gone by now."""

        async def work(connection: sqlite3.Connection) -> bool:
            if not _is_there(connection, manifest):
                return False
            transaction = SqliteTransaction(connection)
            return await transaction.link_blob(manifest.repository, digest, now)

        return await self._database.work(work)

    async def keep_lost_blob(self, blob: StoredBlob, now: int) -> int:
        """Make a blob known again, and link it into each repository whose manifests need it."""

        async def work(connection: sqlite3.Connection) -> int:
            parameters = {"digest": blob.digest}
            rows = connection.execute(QUERIES["repositories_that_need"], parameters).fetchall()
            if rows:
                transaction = SqliteTransaction(connection)
                await transaction.keep_blob(blob, now)
                for (repository,) in rows:
                    await transaction.link_blob(repository, blob.digest, now)
            return len(rows)

        return await self._database.work(work)

    async def mend_catalogue(self, repository: int) -> None:
        """Let the catalogue list a repository if it has manifests, and not if it has none."""

        async def work(connection: sqlite3.Connection) -> None:
            connection.execute(QUERIES["mend_catalogue"], {"repository": repository})

        await self._database.work(work)


def _is_there(connection: sqlite3.Connection, manifest: InspectedManifest) -> bool:
    parameters = {"number": manifest.number}
    return connection.execute(QUERIES["has_manifest"], parameters).fetchone() is not None


def _edge(manifest: InspectedManifest, edge: EdgeRow) -> dict[str, Any]:
    return {
        "manifest": manifest.number,
        "repository": manifest.repository,
        "role": edge.role,
        "digest": edge.digest,
        "size": edge.size,
    }
