"""Quarantine, in the rows of the blobs."""

import sqlite3
from typing import Any

from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.reader import QUERIES
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.quarantine import QuarantinedRow, Reason


class SqliteQuarantine:
    """Implements `Quarantine`.

    Args:
        database: whose file and whose commits it shares.
    """

    def __init__(self, database: SqliteMetadata) -> None:
        self._database = database

    async def put(self, blob: StoredBlob, reason: Reason, now: int) -> bool:
        """Put a blob into quarantine; durable when this returns."""
        return await self._write(
            "quarantine_blob",
            digest=blob.digest,
            location=blob.location,
            size=blob.size,
            reason=str(reason),
            now=now,
        )

    async def release(self, blob: StoredBlob, since: int) -> bool:
        """Let a blob be served again; False unless it is in quarantine since that very moment."""
        return await self._write("release_blob", digest=blob.digest, since=since)

    async def listed(self, after: int, limit: int) -> list[QuarantinedRow]:
        """List what is in quarantine, by number, in pages that begin behind one."""
        rows = await self._database.rows("quarantined_blobs", after=after, limit=limit)
        return [
            QuarantinedRow(
                number,
                StoredBlob(Digest(digest), size, Location(location), quarantined=True),
                since,
                Reason(reason),
            )
            for number, digest, size, location, since, reason in rows
        ]

    async def _write(self, query: str, **parameters: Any) -> bool:
        async def work(connection: sqlite3.Connection) -> int:
            return connection.execute(QUERIES[query], parameters).rowcount

        return await self._database.work(work) == 1
