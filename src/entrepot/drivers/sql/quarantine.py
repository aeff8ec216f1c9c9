"""Quarantine, in the rows of the blobs."""

from entrepot.drivers.sql.database import Database, change
from entrepot.drivers.sql.reader import blob_of
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.quarantine import QuarantinedRow, Reason


class SqlQuarantine:
    """Implements `Quarantine`.

    Args:
        database: has the blobs' rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, blob: StoredBlob, reason: Reason, now: int) -> bool:
        """Put a blob into quarantine; durable when this returns."""
        kept = await change(
            self._database,
            "quarantine_blob",
            digest=blob.digest,
            location=blob.location,
            size=blob.size,
            reason=str(reason),
            now=now,
        )
        return kept == 1

    async def release(self, blob: StoredBlob, since: int) -> bool:
        """Let a blob be served again; False unless it is in quarantine since that very moment."""
        kept = await change(self._database, "release_blob", digest=blob.digest, since=since)
        return kept == 1

    async def listed(self, after: int, limit: int) -> list[QuarantinedRow]:
        """List what is in quarantine, by number, in pages that begin behind one."""
        rows = await self._database.rows("quarantined_blobs", after=after, limit=limit)
        return [
            QuarantinedRow(number, blob_of(blob), blob[3], Reason(reason))
            for number, *blob, reason in rows
        ]
