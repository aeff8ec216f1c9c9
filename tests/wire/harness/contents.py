"""Blobs and manifests for the tests to push; the same bytes in every run."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_NON_DISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


@dataclass(frozen=True)
class Content:
    """Bytes with a name."""

    payload: bytes
    media_type: str = "application/octet-stream"

    @cached_property
    def digest(self) -> str:
        """Its sha256 digest."""
        return f"sha256:{hashlib.sha256(self.payload).hexdigest()}"

    @cached_property
    def sha512(self) -> str:
        """Its sha512 digest."""
        return f"sha512:{hashlib.sha512(self.payload).hexdigest()}"

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.payload)

    def described(self, **more: Any) -> dict[str, Any]:
        """Its descriptor."""
        known = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        return known | more


def manifest(media_type: str, **fields: Any) -> Content:
    """Write a manifest; a field that is None is left out, `mediaType` can be."""
    document = {"schemaVersion": 2, "mediaType": media_type} | fields
    document = {key: value for key, value in document.items() if value is not None}
    # Two spaces and a line break at the end: a registry that re-encodes it is found out.
    return Content(json.dumps(document, indent=2).encode() + b"\n", media_type)


def image(*layers: Content, config: Content | None = None, **fields: Any) -> Content:
    """Write an OCI image manifest."""
    described = {
        "config": (config or CONFIG).described(),
        "layers": [layer.described() for layer in layers or (LAYER,)],
    }
    return manifest(OCI_MANIFEST, **described | fields)


def index(*children: Content, **fields: Any) -> Content:
    """Write an OCI image index."""
    return manifest(OCI_INDEX, **{"manifests": [child.described() for child in children]} | fields)


def artifact(kind: str, subject: Content | None = None, **fields: Any) -> Content:
    """Write an artifact: an image manifest with `artifactType` and the empty config."""
    described = {
        "artifactType": kind,
        "config": EMPTY.described(),
        "layers": [EMPTY.described()],
        "subject": subject.described() if subject else None,
    }
    return manifest(OCI_MANIFEST, **described | fields)


def padded(size: int) -> Content:
    """An image manifest of exactly that many bytes."""
    bare = image(annotations={"padding": ""})
    return image(annotations={"padding": "x" * (size - bare.size)})


CONFIG = Content(b'{"architecture":"amd64","os":"linux","rootfs":{}}', OCI_CONFIG)
LAYER = Content(bytes(range(256)) * 8, OCI_LAYER)
LAYER_2 = Content(b"a second layer", OCI_LAYER)
EMPTY = Content(b"{}", OCI_EMPTY)
IMAGE = image()
IMAGE_2 = image(LAYER_2)
INDEX = index(IMAGE, IMAGE_2)
DOCKER_BASE = Content(b'{"os":"linux"}', DOCKER_CONFIG)
DOCKER_IMAGE = manifest(
    DOCKER_MANIFEST,
    config=DOCKER_BASE.described(),
    layers=[Content(LAYER.payload, DOCKER_LAYER).described()],
)
DOCKER_INDEX = manifest(
    DOCKER_LIST,
    manifests=[DOCKER_IMAGE.described(platform={"os": "linux", "architecture": "amd64"})],
)
ABSENT = Content(b"never pushed anywhere", OCI_LAYER)
ABSENT_2 = Content(b"nor was this", OCI_LAYER)
ABSENT_IMAGE = Content(b'{"never": "pushed"}', OCI_MANIFEST)
