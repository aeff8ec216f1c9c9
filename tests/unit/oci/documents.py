"""Manifests, as JSON values, to be read as they are or broken in one place."""

import json
from typing import Any

from entrepot.oci import media_type as types
from entrepot.oci.manifest import Manifest, parse_manifest
from tests.unit.oci.strategies import some_descriptor

CONFIG = some_descriptor(b"{}", "application/vnd.oci.image.config.v1+json")
LAYER = some_descriptor(b"layer", "application/vnd.oci.image.layer.v1.tar+gzip")
CHILD = some_descriptor(b"child", types.OCI_MANIFEST)
IMAGE: dict[str, Any] = {"schemaVersion": 2, "config": CONFIG, "layers": [LAYER]}
INDEX: dict[str, Any] = {"schemaVersion": 2, "manifests": [CHILD]}
OWN_TYPE = "application/x.own+json"
ARTIFACT_TYPE = "application/vnd.oci.artifact.manifest.v1+json"


def read(document: Any, content_type: str) -> Manifest:
    return parse_manifest(json.dumps(document).encode(), content_type)
