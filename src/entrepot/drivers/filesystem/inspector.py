"""Looks at the files of blobs, whatever the database says of them."""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from pathlib import Path

from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.inspector_walk import walk
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.reader import is_cached
from entrepot.drivers.threads import Threads
from entrepot.errors import DamagedBlob
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location
from entrepot.ports.inspection import Inspection, OddFile, Pace, StoredFile, at_full_speed

_READ_BYTES = 1024 * 1024
# Hashing so much takes a hundred times as long as handing it to a thread.
_PIECE_BYTES = 4 * 1024 * 1024
_PAGE_FILES = 500
# A pull that looks for a blob's file does not wait behind a scrub and a sweep.
_THREADS = 4


class FilesystemInspector:
    """Implements `BlobInspector`.

    Args:
        root: the root directory.
    """

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)
        self._threads = Threads(_THREADS, "inspecting")

    async def sizes(self, locations: Sequence[Location]) -> list[int | None]:
        """Tell how many bytes lie at each location, in one turn of a thread."""
        return await self._threads.run(lambda: [self._size(location) for location in locations])

    async def inspect(
        self, location: Location, size: int, algorithm: str, pace: Pace = at_full_speed
    ) -> Inspection:
        """Read a blob whole and compute the digest of its bytes, unless it has another size."""
        reading = _Reading(self._layout.path(location), location, size, algorithm)
        try:
            while True:
                await pace(await self._threads.finish(reading.go_on))
                if reading.outcome is not None:
                    return reading.outcome
        finally:
            reading.close()

    def find(self, digest: Digest) -> Location | None:
        """Name the place of a blob that no row tells of, whether or not it lies there."""
        return self._layout.location(digest)

    async def files(self) -> AsyncIterator[list[StoredFile | OddFile]]:
        """List everything that lies among the blobs; the next page is read ahead."""
        found = walk(self._layout)

        def read() -> list[StoredFile | OddFile]:
            return list(islice(found, _PAGE_FILES))

        reading = self._threads.run(read)
        try:
            while page := await reading:
                reading = self._threads.run(read)
                yield page
        finally:
            await asyncio.wait([reading])
            if not reading.cancelled():
                reading.exception()  # looked at, so that nobody warns of it

    def close(self) -> None:
        """Let go of the threads, once they have done what they are at."""
        self._threads.close()

    def _size(self, location: Location) -> int | None:
        with translated("looking at a blob"):
            try:
                return os.stat(self._layout.path(location)).st_size
            except (FileNotFoundError, NotADirectoryError):
                return None


class _Reading:
    """Reads and hashes a file, and leaves the page cache as it was: what clients pull stays in it.

    Attributes:
        outcome: what was found, once all is done.
    """

    def __init__(self, path: str, location: Location, size: int, algorithm: str) -> None:
        self._path = path
        self._location = location
        self._size = size
        self._algorithm = algorithm
        self._hasher = hashlib.new(algorithm)
        self._file = -1
        self._offset = 0
        self.outcome: Inspection | None = None

    def go_on(self) -> int:
        """Hash the next piece, and tell how many bytes it had; this waits for the disk."""
        begin = self._offset
        with translated("reading a blob"):
            if self._file < 0:
                self._open()
            while self.outcome is None and self._offset - begin < _PIECE_BYTES:
                self._hash()
        return self._offset - begin

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)

    def _open(self) -> None:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            self.outcome = Inspection(None)
            return
        size = os.fstat(self._file).st_size
        if size != self._size:
            self.outcome = Inspection(size)

    def _hash(self) -> None:
        wanted = max(1, min(_READ_BYTES, self._size - self._offset))
        was_cached = is_cached(self._file, self._offset, wanted)
        try:
            content = os.pread(self._file, wanted, self._offset)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            raise DamagedBlob(
                "the disk cannot give a blob's bytes", {"location": self._location}
            ) from error
        if not content:
            digest = f"{self._algorithm}:{self._hasher.hexdigest()}"
            self.outcome = Inspection(self._offset, digest)
            return
        self._hasher.update(content)
        if not was_cached:
            os.posix_fadvise(self._file, self._offset, len(content), os.POSIX_FADV_DONTNEED)
        self._offset += len(content)
