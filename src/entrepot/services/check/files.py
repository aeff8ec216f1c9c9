"""What lies among the blobs against their rows, and the bytes of uploads against their sessions."""

from collections.abc import Sequence

from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.inspection import OddFile, StoredFile
from entrepot.services.check.findings import Fault, Finding
from entrepot.services.check.manifests import ManifestMarks
from entrepot.services.check.tools import Check, Stage

# A file gets its name before its row is committed; a commit that waits longer has failed.
_SETTLED_SECONDS = 60


async def check_files(check: Check) -> None:
    """Look at everything that lies among the blobs. Nothing of it is ever removed here.

    What a manifest needs was found with that manifest, so no file here is needed by any.
    """
    manifests = await ManifestMarks.read(check.stores.rows)
    async for page in check.stores.blobs.files():
        await _check_page(check, page, manifests)
        check.counts.files += len(page)
        check.progress(Stage.FILES, check.counts)


async def _check_page(
    check: Check, page: Sequence[StoredFile | OddFile], manifests: ManifestMarks
) -> None:
    for odd in (item for item in page if isinstance(item, OddFile)):
        detail = f"{odd.detail} ({odd.size} bytes)" if odd.size else odd.detail
        check.found(Finding(Fault(str(odd.kind)), "", odd.path, detail))
    files = [item for item in page if isinstance(item, StoredFile)]
    known = await check.stores.rows.known_locations(file.location for file in files)
    settled = check.stores.clock.now() - _SETTLED_SECONDS * MICROSECONDS
    for file in files:
        if file.location in known or file.placed_at > settled:
            continue
        if file.digest is not None and (
            file.digest in manifests or await check.stores.rows.users(file.digest, 1)
        ):
            continue
        detail = f"{file.size} bytes at {file.location}"
        check.found(Finding(Fault.UNKNOWN_FILE, "", file.digest or file.location, detail))


async def check_directory(check: Check) -> None:
    """Find repositories that Docker Registry has changed since its directory was read."""
    if check.stores.directory is None:
        return
    changes = await check.stores.directory.changes()
    for name in changes.written:
        check.found(Finding(Fault.CHANGED_DIRECTORY, name, "directory", "it was written to"))
    for gone in changes.gone:
        check.found(Finding(Fault.CHANGED_DIRECTORY, gone, "directory", "its folder is gone"))


async def check_uploads(check: Check) -> None:
    """Find bytes of uploads that no session knows of."""
    check.progress(Stage.UPLOADS, check.counts)
    settled = check.stores.clock.now() - _SETTLED_SECONDS * MICROSECONDS
    async for stray in check.stores.keeper.uploads():
        # Uploads in one request have no session; they are young.
        if (
            stray.touched_at <= settled
            and await check.stores.sessions.get(stray.state.upload_id) is None
        ):
            check.found(
                Finding(
                    Fault.STRAY_UPLOAD, "", stray.state.upload_id, f"{stray.state.received} bytes"
                )
            )
