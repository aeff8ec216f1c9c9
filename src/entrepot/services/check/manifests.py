"""Checks manifests against their rows and edges."""

from entrepot.errors import InvalidDigest, InvalidManifest
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Edge, Manifest, Role
from entrepot.oci.media_type import is_non_distributable
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.check import BlobState, EdgeRow, InspectedManifest, MetadataInspector
from entrepot.ports.metadata import StoredBlob
from entrepot.services.check.findings import Fault, Finding
from entrepot.services.check.tools import PAGE, Check, Stage
from entrepot.services.verify import verify_blob

_PAGE = 5_000
_MARK_DIGITS = 16


class ManifestMarks:
    """Remembers the digests of all manifests, by 64 bits of each: 60 MB for a million.

    Args:
        marks: of those that are known.
    """

    def __init__(self, marks: set[int]) -> None:
        self._marks = marks

    @classmethod
    async def read(cls, rows: MetadataInspector) -> "ManifestMarks":
        """Read them.

        Raises:
            MetadataOutage: the database failed.
        """
        marks: set[int] = set()
        after = (0, "")
        while page := await rows.all_manifests(after, _PAGE):
            marks.update(_mark(Digest(digest)) for _, digest in page)
            after = page[-1]
        return cls(marks)

    def __contains__(self, digest: Digest) -> bool:
        return _mark(digest) in self._marks


def _mark(digest: Digest) -> int:
    return int(digest.hex[:_MARK_DIGITS], 16)


async def check_manifests(check: Check) -> None:
    """Look at every manifest."""
    after = 0
    while page := await check.stores.rows.manifests(after, PAGE):
        for inspected in page:
            await _check_manifest(check, inspected)
            check.counts.manifests += 1
        after = page[-1].number
        check.progress(Stage.MANIFESTS, check.counts)


async def _check_manifest(check: Check, inspected: InspectedManifest) -> None:
    found = Digest.of(inspected.payload, inspected.digest.algorithm)
    if found != inspected.digest:
        detail = f"its {len(inspected.payload)} bytes have the digest {found}"
        check.found(Finding(Fault.DAMAGED_MANIFEST, inspected.name, inspected.digest, detail))
        return
    try:
        manifest = parse_stored_manifest(inspected.payload, inspected.media_type)
    except (InvalidManifest, InvalidDigest):
        return  # whole, and of a kind that an earlier version has taken
    await _check_edges(check, inspected, manifest)
    if not check.stores.mirrors(inspected.name):
        await _check_needs(check, inspected, manifest)


async def _check_edges(check: Check, inspected: InspectedManifest, manifest: Manifest) -> None:
    # As keep_manifest writes them: of two edges with one role and digest, the first.
    wanted: dict[tuple[str, str], EdgeRow] = {}
    for edge in manifest.edges:
        row = EdgeRow(str(edge.role), str(edge.descriptor.digest), edge.descriptor.size)
        wanted.setdefault((row.role, row.digest), row)
    missing = set(wanted.values()) - inspected.edges
    wrong = inspected.edges - set(wanted.values())
    if not missing and not wrong:
        return
    if not await check.stores.rows.has_manifest(inspected.number):
        return  # deleted since
    mended = check.repair and await check.stores.mender.mend_edges(inspected, missing, wrong)
    for kind, rows, done in (
        (Fault.WRONG_EDGE, wrong, "removed"),
        (Fault.LOST_EDGE, missing, "written"),
    ):
        for row in sorted(rows):
            detail = f"{row.role} {row.digest}, {row.size} bytes"
            check.found(
                Finding(
                    kind,
                    inspected.name,
                    inspected.digest,
                    detail,
                    done if mended else "",
                    mended,
                )
            )


async def _check_needs(check: Check, inspected: InspectedManifest, manifest: Manifest) -> None:
    edges = [edge for edge in manifest.edges if edge.role is not Role.SUBJECT]
    digests = dict.fromkeys(edge.descriptor.digest for edge in edges)
    states = await check.stores.rows.blob_states(inspected.repository, digests)
    children = {edge.descriptor.digest for edge in edges if edge.role is Role.MANIFEST}
    present = (
        await check.stores.rows.manifest_digests(inspected.repository, children)
        if children
        else set()
    )
    wanting = [
        edge
        for edge in edges
        if not (edge.descriptor.digest in present or states[edge.descriptor.digest].linked)
    ]
    if wanting and not await check.stores.rows.has_manifest(inspected.number):
        return  # deleted since, and perhaps its blobs with it
    for edge in {edge.descriptor.digest: edge for edge in wanting}.values():
        await _find_missing(check, inspected, edge, states[edge.descriptor.digest])


async def _find_missing(
    check: Check, inspected: InspectedManifest, edge: Edge, state: BlobState
) -> None:
    digest = edge.descriptor.digest
    what = f"{edge.role} {digest}"

    def tell(kind: Fault, detail: str, done: str = "", *, mended: bool = False) -> None:
        check.found(Finding(kind, inspected.name, inspected.digest, detail, done, mended))

    if state.known and edge.role is not Role.MANIFEST:
        now = check.stores.clock.now()
        mended = check.repair and await check.stores.mender.link(inspected, digest, now)
        tell(Fault.LOST_LINK, f"{what} is known", "linked" if mended else "", mended=mended)
        return
    if edge.role is Role.MANIFEST:
        tell(Fault.MISSING_CHILD, f"{what} is not in the repository")
        return
    lost = await _find_lost(check, digest)
    if lost is not None:
        done, mended = await _keep_lost(check, lost)
        tell(Fault.LOST_ROW, f"{what} has a file of {lost.size} bytes", done, mended=mended)
    elif not (edge.descriptor.urls or is_non_distributable(edge.descriptor.media_type)):
        tell(Fault.MISSING_BLOB, f"{what} is nowhere")


async def _find_lost(check: Check, digest: Digest) -> StoredBlob | None:
    """Find the file of a blob that no row tells of, where the storage can tell its place."""
    location = check.stores.blobs.find(digest)
    if location is None:
        return None
    (size,) = await check.stores.blobs.sizes([location])
    return None if size is None else StoredBlob(digest, size, location)


async def _keep_lost(check: Check, blob: StoredBlob) -> tuple[str, bool]:
    """Make a file known as a blob; gives what was done, and whether all is well by that."""
    if not check.repair:
        return "", False
    reason = await verify_blob(check.stores.blobs, blob, check.pacer)
    if reason is not None:
        return "left alone: its bytes have another digest", False
    await check.stores.mender.keep_lost_blob(blob, check.stores.clock.now())
    # The collector may have removed the file before it could see the row.
    gone = await check.quarantining.look(blob)
    if gone is not None:
        await check.quarantining.put(blob, gone)
        return "lost: its file was removed meanwhile", False
    return "added, and linked where it is needed", True
