"""Reads a blob's bytes whole and compares them with its row."""

from entrepot.errors import DamagedBlob
from entrepot.ports.inspection import BlobInspector
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.quarantine import Reason
from entrepot.services.pace import Pacer


async def verify_blob(inspector: BlobInspector, blob: StoredBlob, pacer: Pacer) -> Reason | None:
    """Tell what is wrong with a blob's bytes; None when they are whole.

    Args:
        inspector: reads them.
        blob: as its row has it.
        pacer: holds the reading back.

    Raises:
        StorageOutage: the storage failed.
    """
    try:
        found = await inspector.inspect(blob.location, blob.size, blob.digest.algorithm, pacer)
    except DamagedBlob:
        return Reason.WRONG_BYTES
    if found.size is None:
        return Reason.MISSING
    if found.size != blob.size:
        return Reason.WRONG_SIZE
    return None if found.digest == blob.digest else Reason.WRONG_BYTES
