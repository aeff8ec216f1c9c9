"""Short words for what the tests of metadata do over and over."""

import json
from typing import Any

from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import parse_manifest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import Caller, Kind
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import Metadata, NewManifest, StoredBlob, StoredManifest, Transaction

APP = RepositoryName("team/app")
OTHER = RepositoryName("team/other")
CALLER = Caller("carol", Kind.USER)


def some_blob(content: str, algorithm: str = "sha256") -> StoredBlob:
    return StoredBlob(
        Digest.of(content.encode(), algorithm), len(content), Location(f"at {content}")
    )


def descriptor(content: str, media_type: str = types.OCI_EMPTY) -> dict[str, Any]:
    blob = some_blob(content)
    return {"mediaType": media_type, "digest": blob.digest, "size": blob.size}


def some_image(*layers: str, config: str = "{}", pushed_at: int = 1, **fields: Any) -> NewManifest:
    """Make an image; layers and config are the texts of its blobs."""
    document = {
        "schemaVersion": 2,
        "config": descriptor(config, "application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor(layer) for layer in layers],
        **fields,
    }
    return _new(document, types.OCI_MANIFEST, pushed_at)


def some_index(*children: NewManifest, pushed_at: int = 1, **fields: Any) -> NewManifest:
    manifests = [
        {"mediaType": types.OCI_MANIFEST, "digest": child.digest, "size": len(child.payload)}
        for child in children
    ]
    return _new({"schemaVersion": 2, "manifests": manifests, **fields}, types.OCI_INDEX, pushed_at)


def about(subject: NewManifest) -> dict[str, Any]:
    """Describe a manifest, to be another one's subject."""
    return {
        "mediaType": types.OCI_MANIFEST,
        "digest": subject.digest,
        "size": len(subject.payload),
    }


def stored(manifest: NewManifest) -> StoredManifest:
    """Say how a manifest is to be served."""
    return StoredManifest(manifest.digest, manifest.manifest.media_type, manifest.payload)


async def push(
    metadata: Metadata, name: RepositoryName, *manifests: NewManifest, tag: str | None = None
) -> None:
    """Keep manifests in one step; the tag goes to the last one."""

    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(name, 1)
        for manifest in manifests:
            number = await transaction.keep_manifest(repository, manifest)
        if tag is not None:
            await transaction.move_tag(repository, Tag(tag), number, CALLER, 1)

    await metadata.change(change)


async def give_blobs(metadata: Metadata, name: RepositoryName, *blobs: StoredBlob) -> None:
    """Let a repository have blobs."""

    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(name, 1)
        for blob in blobs:
            await transaction.keep_blob(blob, 1)
            await transaction.link_blob(repository, blob.digest, 1)

    await metadata.change(change)


def _new(document: dict[str, Any], media_type: str, pushed_at: int) -> NewManifest:
    payload = json.dumps(document).encode()
    return NewManifest(Digest.of(payload), payload, parse_manifest(payload, media_type), pushed_at)
