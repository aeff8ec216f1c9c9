"""What the memory storage holds, and how it is read and looked at."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from entrepot.errors import DamagedBlob
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location
from entrepot.ports.inspection import Inspection, OddFile, Pace, StoredFile, at_full_speed

CHUNK_BYTES = 512 * 1024


@dataclass(slots=True)
class Upload:
    """The bytes of an upload; touched_at in microseconds since 1970, UTC."""

    content: bytearray
    touched_at: int


@dataclass(frozen=True, slots=True)
class MemoryStore:
    """Blobs by location, uploads by session, and where the uploads that were committed went.

    Attributes:
        blobs: their bytes.
        touched_at: when they got there.
        uploads: those under way.
        committed: where those went that were committed.
        committing: how many commits of a location have not ended yet.
        removing: locations that somebody is removing at this moment.
    """

    blobs: dict[Location, bytes] = field(default_factory=dict)
    touched_at: dict[Location, int] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    committed: dict[str, Location] = field(default_factory=dict)
    committing: Counter[Location] = field(default_factory=Counter)
    removing: set[Location] = field(default_factory=set)


class MemoryContent:
    """Implements `BlobContent`.

    Args:
        content: all of the blob's bytes.
        location: for messages.
    """

    def __init__(self, content: bytes, location: Location) -> None:
        self._content = content
        self._location = location

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give bytes start to stop (exclusive) in large pieces."""
        for offset in range(start, stop, CHUNK_BYTES):
            piece = self._content[offset : min(offset + CHUNK_BYTES, stop)]
            if piece:
                yield piece
            if offset + len(piece) < min(offset + CHUNK_BYTES, stop):
                raise DamagedBlob(
                    f"a blob ended at {len(self._content)} bytes while {stop} were being read",
                    {"location": self._location},
                )

    def read_now(self, start: int, stop: int) -> bytes | None:
        """Give these bytes; None when the blob ends before them."""
        content = self._content[start:stop]
        return content if len(content) == stop - start else None

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


class MemoryInspector:
    """Implements `BlobInspector`.

    Args:
        store: where the bytes lie.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def sizes(self, locations: Sequence[Location]) -> list[int | None]:
        """Tell how many bytes lie at each location; None where nothing does."""
        contents = [self._store.blobs.get(location) for location in locations]
        return [None if content is None else len(content) for content in contents]

    async def inspect(
        self, location: Location, size: int, algorithm: str, pace: Pace = at_full_speed
    ) -> Inspection:
        """Compute the digest of a blob's bytes, unless it has another size."""
        content = self._store.blobs.get(location)
        if content is None:
            return Inspection(None)
        if len(content) != size:
            return Inspection(len(content))
        await pace(len(content))
        return Inspection(size, Digest.of(content, algorithm))

    def find(self, digest: Digest) -> Location | None:
        """Name no place: what lies here is found by its row alone."""
        return None

    async def files(self) -> AsyncIterator[list[StoredFile | OddFile]]:
        """List every blob on one page; memory tells no times."""
        if self._store.blobs:
            yield [
                StoredFile(None, location, len(content), 0, 0)
                for location, content in self._store.blobs.items()
            ]
