"""Looks at blobs that lie in memory."""

from collections.abc import Iterator

from entrepot.drivers.memory.shelf import Shelf
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location
from entrepot.ports.inspection import OddFile, Pace, StoredFile, at_full_speed


class MemoryInspector:
    """Implements `BlobInspector`.

    Args:
        shelf: where the bytes lie.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def size(self, location: Location) -> int | None:
        """Tell how many bytes lie at a location; None where nothing does."""
        content = self._shelf.blobs.get(location)
        return None if content is None else len(content)

    def digest(self, location: Location, algorithm: str, pace: Pace = at_full_speed) -> str | None:
        """Compute the digest of a blob's bytes; None where nothing lies."""
        content = self._shelf.blobs.get(location)
        if content is None:
            return None
        pace(len(content))
        return str(Digest.of(content, algorithm))

    def expected(self, digest: Digest) -> Location:
        """Name the place where a blob of this digest lies, if the storage has it."""
        return Location(digest)

    def files(self) -> Iterator[StoredFile | OddFile]:
        """List every blob; memory tells no times."""
        for location, content in list(self._shelf.blobs.items()):
            yield StoredFile(Digest(location), location, len(content), 0, 0)
