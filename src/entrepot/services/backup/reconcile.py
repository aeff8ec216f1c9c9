"""Makes a restored snapshot agree with the bytes that are there.

The bytes are newer than the rows. A row whose bytes are gone goes into quarantine, so that the
next push brings them; bytes without a row are what was pushed after the snapshot, and are told.
"""

from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.ports.inspection import StoredFile
from entrepot.services.backup.report import LostBlob, RestoreReport
from entrepot.services.check.blobs import check_blobs
from entrepot.services.check.counters import check_counters
from entrepot.services.check.findings import Fault, Finding
from entrepot.services.check.manifests import ManifestMarks
from entrepot.services.check.tools import Check, Stores

_LOST = {
    Fault.MISSING_FILE: "missing",
    Fault.WRONG_SIZE: "wrong size",
    Fault.WRONG_BYTES: "wrong bytes",
}
_IMAGES_NAMED = 100


class Collection(Protocol):
    """What a collector was about to do when the snapshot was taken."""

    async def begin_anew(self) -> None:
        """Let whatever waits to be collected wait for its whole grace again."""
        ...


class Dates(Protocol):
    """Dates files anew."""

    def touch(self, file: StoredFile) -> None:
        """Let a file look as if it had been placed now, so that nobody removes it at once."""
        ...


async def reconcile(
    stores: Stores,
    collection: Collection,
    dates: Dates,
    adopted_at: int,
    report: RestoreReport,
) -> None:
    """Make a snapshot that was just put in place agree with the bytes; nothing runs beside it.

    Args:
        stores: the restored database, and the storage.
        collection: waits anew.
        dates: keeps what the snapshot does not know from being collected at once.
        adopted_at: when the directory was adopted, in microseconds since 1970; files that are
            older and known to nobody are Docker Registry's, and are never collected.
        report: is told everything.

    Raises:
        MetadataOutage: the database failed.
        StorageOutage: the storage failed.
    """
    await collection.begin_anew()
    found: list[Finding] = []
    check = Check(stores, found.append, repair=True)
    await check_blobs(check)
    for finding in found:
        if finding.kind in _LOST or (finding.kind is Fault.QUARANTINED and not finding.mended):
            await _lost(stores, finding, report)
        elif finding.mended:
            report.released += 1
    await _unknown_files(stores, dates, adopted_at, report)
    found.clear()
    await check_counters(check)
    report.counters = len(found)


async def _lost(stores: Stores, finding: Finding, report: RestoreReport) -> None:
    images = await stores.rows.users(Digest(finding.reference), _IMAGES_NAMED)
    reason = _LOST.get(finding.kind, "in quarantine since before the snapshot")
    report.lost_blobs.append(LostBlob(finding.reference, reason, tuple(dict.fromkeys(images))))


async def _unknown_files(
    stores: Stores, dates: Dates, adopted_at: int, report: RestoreReport
) -> None:
    manifests = await ManifestMarks.read(stores.rows)
    async for page in stores.blobs.files():
        files = [item for item in page if isinstance(item, StoredFile)]
        known = await stores.rows.known_locations(file.location for file in files)
        for file in files:
            if file.location in known or file.written_at < adopted_at:
                continue
            if file.digest is not None and file.digest in manifests:
                continue
            dates.touch(file)
            report.unknown_files += 1
            report.unknown_bytes += file.size
