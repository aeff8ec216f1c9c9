"""Reads what `confirmable_blob` and `confirmable_manifest` give."""

from typing import Any

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import StoredBlob, StoredManifest


def waits_since_before(rows: list[Any], before: int) -> bool:
    """Tell whether something is there that has waited to be collected since before a moment."""
    return bool(rows) and rows[0][-1] is not None and rows[0][-1] < before


def confirmed_blob(rows: list[Any]) -> StoredBlob | None:
    """Give the blob that was found."""
    if not rows:
        return None
    digest, size, location, quarantined_at, _ = rows[0]
    return StoredBlob(Digest(digest), size, Location(location), quarantined_at is not None)


def confirmed_manifest(rows: list[Any]) -> StoredManifest | None:
    """Give the manifest that was found."""
    if not rows:
        return None
    digest, media_type, payload, _ = rows[0]
    return StoredManifest(Digest(digest), media_type, payload)
