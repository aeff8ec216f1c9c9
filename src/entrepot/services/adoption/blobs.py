"""Decides of each blob that a repository links whether it is there, and whole as far as is seen.

Reading everything would take hours, so a blob's bytes are hashed only where something speaks
against them: the file is empty, a manifest gives another size, or the link is an alias.
"""

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import Finding, FindingKind, LinkedBlob
from entrepot.ports.foreign import ForeignBlobs, Link
from entrepot.ports.metadata import StoredBlob


def look_at_layer(source: ForeignBlobs, name: RepositoryName, link: Link) -> LinkedBlob | Finding:
    """Find the blob that a link leads to."""
    found = source.blob(link.target)
    if found is None:
        detail = "the blob is missing" + _alias(link)
        return Finding(FindingKind.DANGLING_LAYER, name, link.digest, detail)
    suspicious = found.size == 0 or link.target != link.digest
    if suspicious and not source.has_digest(found.location, link.digest):
        if link.target != link.digest:
            detail = f"of a layer: its link file leads to other bytes, {link.target}"
            return Finding(FindingKind.MALFORMED_LINK, name, link.digest, detail)
        return damaged(link.digest)
    blob = StoredBlob(link.digest, found.size, found.location)
    return LinkedBlob(blob, found.modified_at, link.modified_at)


def damaged(digest: Digest) -> Finding:
    """Say that a blob's file does not hold the bytes that its name promises."""
    return Finding(FindingKind.DAMAGED_BLOB, "", digest, "its bytes are wrong than its digest says")


def _alias(link: Link) -> str:
    return "" if link.target == link.digest else f", {link.target}"
