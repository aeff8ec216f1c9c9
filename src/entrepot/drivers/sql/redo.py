"""The redo log, in the metadata's database: as durable as the rows of the blobs."""

from collections.abc import Sequence

from entrepot.drivers.sql.database import Database, Row, Session
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location, Upload
from entrepot.ports.redo import RedoRow


class SqlRedoLog:
    """Implements `RedoLog`.

    Args:
        database: that of the metadata.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, before: int, after: int, limit: int) -> list[RedoRow]:
        """List rows by number, of those kept before a moment."""
        rows = await self._database.rows("redo_rows", before=before, after=after, limit=limit)
        return [_row(row) for row in rows]

    async def of(self, uploads: Sequence[Upload]) -> list[RedoRow]:
        """Find the rows of some uploads."""
        found: list[RedoRow] = []
        for upload in uploads:
            rows = await self._database.rows("redo_row", digest=upload.digest, upload=upload.id)
            found += map(_row, rows)
        return found

    async def forget(self, uploads: Sequence[Upload]) -> None:
        """Remove the rows of uploads whose bytes are durable."""

        async def work(session: Session) -> None:
            rows = [{"digest": upload.digest, "upload": upload.id} for upload in uploads]
            await session.many("forget_content", rows)

        await self._database.transaction(work)


def _row(row: Row) -> RedoRow:
    number, upload_id, digest, location, content = row
    return RedoRow(number, Upload(Digest(digest), upload_id), Location(location), content)
