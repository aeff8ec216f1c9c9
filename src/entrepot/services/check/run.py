"""Runs a check: every stage in the order in which one relies on the one before."""

from entrepot.services.check.blobs import check_blobs
from entrepot.services.check.counters import check_counters
from entrepot.services.check.files import check_directory, check_files, check_uploads
from entrepot.services.check.manifests import check_manifests
from entrepot.services.check.rows import check_catalogue, check_dangling, check_file
from entrepot.services.check.tools import Check


async def run_check(check: Check) -> None:
    """Look at everything, beside a registry that goes on; tell of each finding.

    Where the database's own file is damaged, nothing else is looked at: what it says of the rest
    is worth nothing.

    Raises:
        MetadataOutage: the database failed.
        StorageOutage: the storage failed as a whole.
    """
    if not await check_file(check):
        return
    await check_dangling(check)
    await check_manifests(check)
    await check_blobs(check)
    await check_directory(check)
    await check_files(check)
    await check_catalogue(check)
    await check_counters(check)
    await check_uploads(check)
