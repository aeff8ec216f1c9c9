"""Writes Docker Registry's tree (distribution registry/storage/paths.go); foreign.py draws it."""

from collections.abc import Mapping, Sequence

from entrepot.drivers.filesystem.export_files import ExportFiles
from entrepot.drivers.filesystem.layout import REGISTRY_TREE, Layout
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.transfer import ExportedManifest

FORM = "docker-registry"
_REPOSITORIES = f"{REGISTRY_TREE}/repositories"


class DockerTreeTarget:
    """Implements `ExportTarget`: a root directory that Docker Registry serves as it is.

    Args:
        files: writes them.
    """

    def __init__(self, files: ExportFiles) -> None:
        self._files = files
        self._revisions: list[Digest] = []

    def begin(self) -> None:
        """Make the directory ready."""
        self._files.begin()

    def put_blob(self, blob: StoredBlob) -> bool:
        """Take a blob's bytes; False when they are not there in the size that they should have."""
        return self._files.put_blob(blob, Layout.location(blob.digest))

    def put_manifest(self, name: RepositoryName, exported: ExportedManifest) -> None:
        """Take a manifest: a blob, which is linked as a revision."""
        stored = exported.manifest
        self._files.write(Layout.location(stored.digest), stored.payload)
        self._revisions.append(stored.digest)

    def put_repository(
        self, name: RepositoryName, blobs: Sequence[Digest], tags: Mapping[Tag, Digest]
    ) -> None:
        """Write the links of a repository; those of an earlier try are replaced."""
        folder = f"{_REPOSITORIES}/{name}"
        for old in ("_layers", "_manifests"):
            self._files.forget(f"{folder}/{old}")
        for digest in blobs:
            self._link(f"{folder}/_layers", digest)
        for digest in self._revisions:
            self._link(f"{folder}/_manifests/revisions", digest)
        for tag, digest in tags.items():
            place = f"{folder}/_manifests/tags/{tag}"
            self._link(f"{place}/index", digest)
            self._files.write(f"{place}/current/link", digest.encode())
        self._revisions = []

    def finish(self) -> None:
        """Make the directory whole, durably."""
        self._files.finish()

    def _link(self, folder: str, digest: Digest) -> None:
        self._files.write(f"{folder}/{digest.algorithm}/{digest.hex}/link", digest.encode())
