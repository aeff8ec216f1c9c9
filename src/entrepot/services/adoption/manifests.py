"""Reads a manifest that lies in another registry's directory, or says why it cannot be taken."""

from entrepot.errors import DamagedBlob, InvalidDigest, InvalidManifest
from entrepot.oci.digest import Digest
from entrepot.oci.document import decode_document
from entrepot.oci.media_type import IMAGES, INDEXES
from entrepot.oci.name import RepositoryName
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.adoption import Finding, FindingKind
from entrepot.ports.foreign import ForeignBlobs, Link
from entrepot.ports.metadata import NewManifest


def read_manifest(source: ForeignBlobs, name: RepositoryName, link: Link) -> NewManifest | Finding:
    """Read a manifest whole, check its digest, and parse it as Docker Registry did.

    Its media type is what Docker Registry served it as: its own `mediaType`, or what its shape
    says where it has none.
    """
    limit = source.manifest_limit
    try:
        payload = source.payload(link.target, limit)
    except DamagedBlob as error:
        return Finding(FindingKind.DAMAGED_MANIFEST, name, link.digest, error.message)
    if payload is None:
        detail = f"the blob {link.target} is missing"
        return Finding(FindingKind.MISSING_PAYLOAD, name, link.digest, detail)
    if len(payload) > limit:
        detail = f"it has more than {limit} bytes"
        return Finding(FindingKind.REFUSED_MANIFEST, name, link.digest, detail)
    if Digest.of(payload, link.digest.algorithm) != link.digest:
        detail = f"its {len(payload)} bytes have another digest"
        return Finding(FindingKind.DAMAGED_MANIFEST, name, link.digest, detail)
    try:
        manifest = parse_stored_manifest(payload, "")
    except (InvalidManifest, InvalidDigest) as error:
        kind = FindingKind.SCHEMA_1 if _is_schema_1(payload) else FindingKind.REFUSED_MANIFEST
        return Finding(kind, name, link.digest, error.message)
    return NewManifest(link.digest, payload, manifest, link.modified_at)


def peculiarities(name: RepositoryName, new: NewManifest) -> list[Finding]:
    """Note what is unusual in a manifest that is kept as it is."""
    media_type, oddity = new.manifest.media_type, new.manifest.oddity
    found = []
    if media_type not in IMAGES and media_type not in INDEXES:
        found.append(Finding(FindingKind.UNKNOWN_MEDIA_TYPE, name, new.digest, media_type))
    if oddity:
        found.append(Finding(FindingKind.ODD_MANIFEST, name, new.digest, oddity))
    return found


def _is_schema_1(payload: bytes) -> bool:
    try:
        return decode_document(payload).get("schemaVersion") == 1
    except InvalidManifest:
        return False
