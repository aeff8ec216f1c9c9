"""Manifests as another registry sends them."""

import json
from typing import Any

from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.ports.upstream import RemoteManifest


def remote(document: dict[str, Any], media_type: str) -> RemoteManifest:
    payload = json.dumps({"schemaVersion": 2, "mediaType": media_type, **document}).encode()
    return RemoteManifest(Digest.of(payload), payload, media_type)


def image(*layers: bytes, note: str = "") -> RemoteManifest:
    def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": Digest.of(content), "size": len(content)}

    layer = "application/vnd.oci.image.layer.v1.tar"
    return remote(
        {
            "config": descriptor(b"{}", "application/vnd.oci.image.config.v1+json"),
            "layers": [descriptor(content, layer) for content in layers],
            "annotations": {"note": note},
        },
        types.OCI_MANIFEST,
    )


def index(
    *children: RemoteManifest, artifact_type: str = "", architectures: tuple[str, ...] = ()
) -> RemoteManifest:
    listed: list[dict[str, Any]] = [
        {
            "mediaType": child.media_type,
            "digest": child.digest,
            "size": len(child.payload),
            **({"artifactType": artifact_type} if artifact_type else {}),
        }
        for child in children
    ]
    for entry, architecture in zip(listed, architectures, strict=False):
        entry["platform"] = {"os": "linux", "architecture": architecture}
    return remote({"manifests": listed}, types.OCI_INDEX)


EMPTY_INDEX = index()
