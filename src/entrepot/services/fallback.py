"""Referrers that older clients have listed under a tag (spec.md, "Referrers Tag Schema").

A client that finds no referrers API keeps an index of its own, tagged with the subject's digest
written `sha256-HEX`. What such an index lists and the repository has is a referrer too, whether
or not it names a subject itself.
"""

import json
from typing import Any

from entrepot.errors import InvalidTag
from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import MAX_TAG_LENGTH, Tag
from entrepot.ports.metadata import MetadataReader, Referrer


def fallback_tag(subject: Digest) -> Tag | None:
    """Name the tag of a subject's list; None when the digest makes no tag."""
    try:
        return Tag.parse(f"{subject.algorithm}-{subject.hex}"[:MAX_TAG_LENGTH])
    except InvalidTag:
        return None


async def listed_under_fallback_tag(
    metadata: MetadataReader, name: RepositoryName, subject: Digest, artifact_type: str | None
) -> list[Referrer]:
    """Give what the subject's fallback tag lists and the repository has, by digest.

    Args:
        metadata: what exists.
        name: in which repository.
        subject: the manifest that they say something about.
        artifact_type: only those of this type.
    """
    tag = fallback_tag(subject)
    index = await metadata.manifest_by_tag(name, tag) if tag is not None else None
    if index is None or index.media_type not in types.INDEXES:
        return []
    listed: dict[Digest, Referrer] = {}
    for entry in json.loads(index.payload).get("manifests") or []:
        referrer = _read(entry)
        if artifact_type is not None and referrer.artifact_type != artifact_type:
            continue
        if await metadata.manifest_by_digest(name, referrer.digest) is not None:
            listed[referrer.digest] = referrer
    return [listed[digest] for digest in sorted(listed)]


def _read(entry: dict[str, Any]) -> Referrer:
    # The index was read by parse_manifest when it came: only annotations may be anything.
    annotations = entry.get("annotations")
    return Referrer(
        Digest(entry["digest"]),
        entry["mediaType"],
        entry["size"],
        entry.get("artifactType") or None,
        annotations if isinstance(annotations, dict) else {},
    )
