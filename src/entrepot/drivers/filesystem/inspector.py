"""Looks at the files of blobs, whatever the database says of them."""

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.inspector_walk import walk
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.reader import is_cached
from entrepot.errors import DamagedBlob
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location
from entrepot.ports.inspection import OddFile, Pace, StoredFile, at_full_speed

_READ_BYTES = 1024 * 1024


class FilesystemInspector:
    """Implements `BlobInspector`.

    Args:
        root: the root directory.
    """

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)

    def size(self, location: Location) -> int | None:
        """Tell how many bytes lie at a location; None where nothing does."""
        with translated("looking at a blob"):
            try:
                return os.stat(self._layout.path(location)).st_size
            except (FileNotFoundError, NotADirectoryError):
                return None

    def digest(self, location: Location, algorithm: str, pace: Pace = at_full_speed) -> str | None:
        """Read a blob whole and compute the digest of its bytes; None where nothing lies."""
        with translated("reading a blob"):
            try:
                file = os.open(self._layout.path(location), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            try:
                return f"{algorithm}:{_hash(file, algorithm, pace)}"
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                raise DamagedBlob(
                    "the disk cannot give a blob's bytes", {"location": location}
                ) from error
            finally:
                os.close(file)

    def expected(self, digest: Digest) -> Location:
        """Name the place where a blob of this digest lies, if the storage has it."""
        return self._layout.location(digest)

    def files(self) -> Iterator[StoredFile | OddFile]:
        """List everything that lies among the blobs."""
        return walk(self._layout)


def _hash(file: int, algorithm: str, pace: Pace) -> str:
    """Hash a file, and leave the page cache as it was: what clients pull shall stay in it."""
    hasher = hashlib.new(algorithm)
    size = os.fstat(file).st_size
    offset = 0
    while True:
        wanted = max(1, min(_READ_BYTES, size - offset))
        was_cached = is_cached(file, offset, wanted)
        content = os.pread(file, wanted, offset)
        if not content:
            return hasher.hexdigest()
        hasher.update(content)
        if not was_cached:
            os.posix_fadvise(file, offset, len(content), os.POSIX_FADV_DONTNEED)
        offset += len(content)
        pace(len(content))
