"""Where things lie under the root directory.

::

    <root>/
    ├── docker/registry/v2/              Docker Registry's own tree
    │   ├── blobs/sha256/ab/abcd…/data   a blob's bytes, shared by both programs
    │   └── repositories/…               its links: read by adoption, never written
    └── entrepot/                        Entrepot's own
        ├── lock                         held by the registry that runs here
        ├── metadata.db (-wal, -shm)     what exists
        ├── sessions.db (-wal, -shm)     uploads that are under way
        ├── uploads/UPLOAD-ID            their bytes, on the blobs' own file system
        └── backups/metadata-TIME.db     snapshots of metadata.db
"""

from dataclasses import dataclass
from pathlib import Path

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location

REGISTRY_TREE = "docker/registry/v2"
OWN_FOLDER = "entrepot"


@dataclass(frozen=True, slots=True)
class Layout:
    """Names every path under one root directory."""

    root: Path

    @property
    def blobs(self) -> Path:
        """The folder of all blobs, one folder an algorithm in it."""
        return self.root / REGISTRY_TREE / "blobs"

    @property
    def repositories(self) -> Path:
        """The folder of Docker Registry's links."""
        return self.root / REGISTRY_TREE / "repositories"

    @property
    def uploads(self) -> Path:
        """The folder of uploads that are under way."""
        return self.root / OWN_FOLDER / "uploads"

    @property
    def backups(self) -> Path:
        """The folder of the database's snapshots."""
        return self.root / OWN_FOLDER / "backups"

    def upload(self, upload_id: str) -> Path:
        """The file of one upload."""
        return self.uploads / upload_id

    def path(self, location: Location) -> str:
        """The file at a location."""
        return f"{self.root}/{location}"

    @staticmethod
    def location(digest: Digest) -> Location:
        """Where a blob lies: Docker Registry's `blobDataPath` (registry/storage/paths.go)."""
        algorithm, _, encoded = digest.partition(":")
        return Location(f"{REGISTRY_TREE}/blobs/{algorithm}/{encoded[:2]}/{encoded}/data")
