"""Referrers that older clients have listed under a tag (spec.md, "Referrers Tag Schema").

A client that finds no referrers API keeps an index of its own, tagged with the subject's digest
written `sha256-HEX`. What such an index lists and the repository has is a referrer too, whether
or not it names a subject itself.
"""

import asyncio
from contextlib import suppress

from entrepot.errors import InvalidDigest, InvalidManifest
from entrepot.oci import media_type as types
from entrepot.oci.accessory import fallback_tag
from entrepot.oci.digest import Digest
from entrepot.oci.document import decode_document
from entrepot.oci.manifest import parse_manifest
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import MetadataReader, Referrer, StoredManifest

_READ_IN_ONE_GO = 32


async def listed_under_fallback_tag(
    metadata: MetadataReader,
    name: RepositoryName,
    subject: Digest,
    artifact_type: str | None,
    after: str = "",
) -> list[Referrer]:
    """Give what the subject's fallback tag lists and the repository has, by digest.

    Args:
        metadata: what exists.
        name: in which repository.
        subject: the manifest that they say something about.
        artifact_type: only those of this type.
        after: only digests behind this one.
    """
    index = await metadata.manifest_by_tag(name, fallback_tag(subject))
    if index is None or index.media_type not in types.INDEXES:
        return []
    found = []
    digests = sorted(digest for digest in _listed(index.payload) if digest > after)
    for number, digest in enumerate(digests, 1):
        if number % _READ_IN_ONE_GO == 0:
            await asyncio.sleep(0)  # others have their turn: such a list can be very long
        stored = await metadata.manifest_by_digest(name, digest)
        referrer = _read(stored, subject) if stored is not None else None
        if referrer is not None and artifact_type in (None, referrer.artifact_type):
            found.append(referrer)
    return found


def _listed(payload: bytes) -> set[Digest]:
    """Take the digests out of an index, which may have been adopted as it was."""
    try:
        entries = decode_document(payload).get("manifests")
    except InvalidManifest:
        return set()
    found = set()
    for entry in entries if isinstance(entries, list) else []:
        text = entry.get("digest") if isinstance(entry, dict) else None
        with suppress(InvalidDigest):
            found.add(Digest.parse(text if isinstance(text, str) else ""))
    return found


def _read(stored: StoredManifest, subject: Digest) -> Referrer | None:
    """Describe a manifest as a referrer; None when it names another subject itself.

    None, too, for one that was adopted though no client could push it today.
    """
    try:
        manifest = parse_manifest(stored.payload, stored.media_type)
    except (InvalidManifest, InvalidDigest):
        return None
    own = manifest.subject
    if own is not None and own.digest != subject:
        return None
    return Referrer(
        stored.digest,
        stored.media_type,
        len(stored.payload),
        manifest.artifact_type,
        manifest.annotations,
    )
