"""Carries the bytes of small blobs from the metadata to where they lie.

A small blob is acknowledged when its row and its bytes are committed; its file follows. Nothing is
lost between: a row goes only when the storage has said that the file is durable.
"""

from entrepot.ports.blobs import BlobStorage, Upload
from entrepot.ports.redo import RedoLog, RedoRow

_PAGE = 100
# Later than everything that is kept.
ALL_TIME = 2**62


class Redo:
    """Makes small blobs durable where they lie.

    Args:
        log: has their bytes.
        blobs: where they lie.
    """

    def __init__(self, log: RedoLog, blobs: BlobStorage) -> None:
        self._log = log
        self._blobs = blobs
        self._failed: tuple[Upload, ...] = ()

    async def settle(self) -> int:
        """Finish what this process has committed; tell how many blobs that were.

        What could not be synced is written anew from its row. For as long as that fails, the
        storage is asked for nothing more, and so commits nothing that waits for it.

        Raises:
            StorageOutage: something could not be written; its row stays.
            MetadataOutage: the database failed; rows stay, which does no harm.
        """
        if self._failed:
            await self._write(await self._log.of(self._failed))
            self._failed = ()
        settled = await self._blobs.settle()
        self._failed = settled.failed
        if settled.done:
            await self._log.forget(settled.done)
        if self._failed:
            await self._write(await self._log.of(self._failed))
            self._failed = ()
        return len(settled.done) + len(settled.failed)

    async def replay(self, before: int = ALL_TIME) -> int:
        """Write every blob whose bytes are still kept; tell how many.

        For a start, where a crash has left rows, and at any other time: what another process is
        about to settle is written twice then, with the same bytes.

        Args:
            before: those kept before this moment, in microseconds since 1970, UTC.

        Raises:
            StorageOutage: something could not be written; its row stays.
            MetadataOutage: the database failed.
        """
        written, after = 0, 0
        while page := await self._log.waiting(before, after, _PAGE):
            await self._write(page)
            written += len(page)
            after = page[-1].number
        return written

    async def _write(self, rows: list[RedoRow]) -> None:
        for row in rows:
            await self._blobs.put(row.location, row.content)
        if rows:
            await self._log.forget([row.upload for row in rows])
