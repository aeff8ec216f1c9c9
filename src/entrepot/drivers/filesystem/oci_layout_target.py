"""Writes an OCI image layout (image-spec image-layout.md): several repositories in one.

index.json lists each tag, named `REPOSITORY:TAG` by `org.opencontainers.image.ref.name`, and each
manifest that neither a tag nor an index leads to for certain, named `REPOSITORY@DIGEST`: both are
names that the specification's grammar of that annotation allows.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.drivers.filesystem.export_files import ExportFiles
from entrepot.oci.digest import Digest
from entrepot.oci.media_type import IMAGES, INDEXES, OCI_INDEX
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.transfer import ExportedManifest

FORM = "oci"
REF_NAME = "org.opencontainers.image.ref.name"


class OciLayoutTarget:
    """Implements `ExportTarget`.

    Args:
        files: writes them.
    """

    def __init__(self, files: ExportFiles) -> None:
        self._files = files
        self._entries: list[dict[str, Any]] = []
        # Of the repository that is being written: media type, size, and whether an index lists it.
        self._manifests: dict[Digest, tuple[str, int, bool]] = {}

    def begin(self) -> None:
        """Make the directory ready."""
        self._files.begin()

    def put_blob(self, blob: StoredBlob) -> bool:
        """Take a blob's bytes; False when they are not there in the size that they should have."""
        return self._files.put_blob(blob, _path(blob.digest))

    def put_manifest(self, name: RepositoryName, exported: ExportedManifest) -> None:
        """Take a manifest."""
        stored = exported.manifest
        self._files.write(_path(stored.digest), stored.payload)
        size = len(stored.payload)
        self._manifests[stored.digest] = stored.media_type, size, exported.is_child

    def put_repository(
        self, name: RepositoryName, blobs: Sequence[Digest], tags: Mapping[Tag, Digest]
    ) -> None:
        """Name what a repository has."""
        for tag, digest in tags.items():
            self._entries.append(self._entry(digest, f"{name}:{tag}"))
        tagged = set(tags.values())
        for digest, (media_type, _, is_child) in self._manifests.items():
            # A child of no known type might be taken for a blob, so it is listed, too.
            found_elsewhere = is_child and (media_type in IMAGES or media_type in INDEXES)
            if digest not in tagged and not found_elsewhere:
                self._entries.append(self._entry(digest, f"{name}@{digest}"))
        self._manifests = {}

    def finish(self) -> None:
        """Make the directory whole, durably."""
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self._entries}
        self._files.write("index.json", json.dumps(index).encode())
        self._files.write("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        self._files.finish()

    def _entry(self, digest: Digest, name: str) -> dict[str, Any]:
        media_type, size, _ = self._manifests[digest]
        return {
            "mediaType": media_type,
            "digest": digest,
            "size": size,
            "annotations": {REF_NAME: name},
        }


def _path(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"
