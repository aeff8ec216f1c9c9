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
        ├── uploads/UPLOAD-ID            their bytes
        └── backups/metadata-TIME.db     snapshots of metadata.db

An upload becomes a blob by a rename, which does not cross file systems. So where ``blobs`` is a
mount or a link to another one, uploads lie in ``blobs/.uploads``, which Docker Registry ignores.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location

REGISTRY_TREE = "docker/registry/v2"
OWN_FOLDER = "entrepot"
FOREIGN_UPLOADS = ".uploads"


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
        own = self.root / OWN_FOLDER
        if _file_system(own) == _file_system(self.blobs):
            return own / "uploads"
        return self.blobs / FOREIGN_UPLOADS

    @property
    def backups(self) -> Path:
        """The folder of the database's snapshots."""
        return self.root / OWN_FOLDER / "backups"

    def path(self, location: Location) -> str:
        """The file at a location."""
        return f"{self.root}/{location}"

    @staticmethod
    def location(digest: Digest) -> Location:
        """Where a blob lies: Docker Registry's `blobDataPath` (registry/storage/paths.go)."""
        algorithm, _, encoded = digest.partition(":")
        return Location(f"{REGISTRY_TREE}/blobs/{algorithm}/{encoded[:2]}/{encoded}/data")


def _file_system(path: Path) -> int:
    """Return the file system that holds a folder, or would once it is created."""
    for folder in (path, *path.parents):
        try:
            return os.stat(folder).st_dev
        except FileNotFoundError:
            continue
    raise FileNotFoundError(path)
