"""Reads a blob's bytes whole and compares them with its row."""

import asyncio

from entrepot.errors import DamagedBlob
from entrepot.ports.inspection import BlobInspector
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.quarantine import Reason
from entrepot.services.pace import Pacer


async def verify_blob(inspector: BlobInspector, blob: StoredBlob, pacer: Pacer) -> Reason | None:
    """Tell what is wrong with a blob's bytes; None when they are whole.

    Cancelling it ends the reading at once; the pacer is of no use afterwards.

    Args:
        inspector: reads them.
        blob: as its row has it.
        pacer: holds the reading back.

    Raises:
        StorageOutage: the storage failed.
        Stopped: the pacer was told to stop.
    """

    def read() -> Reason | None:
        size = inspector.size(blob.location)
        if size is None:
            return Reason.MISSING
        if size != blob.size:
            return Reason.WRONG_SIZE
        try:
            found = inspector.digest(blob.location, blob.digest.algorithm, pacer)
        except DamagedBlob:
            return Reason.WRONG_BYTES
        if found is None:
            return Reason.MISSING
        return None if found == blob.digest else Reason.WRONG_BYTES

    try:
        return await asyncio.to_thread(read)
    except asyncio.CancelledError:
        pacer.stop()
        raise
