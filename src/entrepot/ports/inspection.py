"""Blob storage as somebody sees it who doubts it: what is really there, whatever the rows say.

Nothing here changes anything.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location

Pace = Callable[[int], Awaitable[None]]
"""Told of bytes that were read; returns when the next may be. What it raises ends the reading."""


async def at_full_speed(size: int) -> None:
    """Never wait."""
    del size


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found at a blob's location.

    Attributes:
        size: bytes; None where nothing lies.
        digest: of these bytes; None where they were not read.
    """

    size: int | None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes that lie where a blob lies.

    Attributes:
        digest: what the place says that they have; None where places are not named after it.
        location: the place.
        size: bytes.
        placed_at: when they came there, in microseconds since 1970, UTC.
        written_at: when they were written, in the same unit.
    """

    digest: Digest | None
    location: Location
    size: int
    placed_at: int
    written_at: int


class Oddity(StrEnum):
    """What is wrong with something that lies among the blobs and is none."""

    FOREIGN = "foreign-file"
    MISPLACED = "misplaced-file"
    UNREADABLE = "unreadable-file"
    UNWRITABLE = "unwritable-folder"


@dataclass(frozen=True, slots=True)
class OddFile:
    """Something that no blob of this storage is.

    Attributes:
        kind: what is wrong with it.
        path: where it lies, below the root of the storage.
        size: bytes.
        detail: the rest, for a person.
    """

    kind: Oddity
    path: str
    size: int
    detail: str


class BlobInspector(Protocol):
    """Looks at the bytes. All of it raises StorageOutage when the storage fails."""

    async def sizes(self, locations: Sequence[Location]) -> list[int | None]:
        """Tell how many bytes lie at each location of a page; None where nothing does."""
        ...

    async def inspect(
        self, location: Location, size: int, algorithm: str, pace: Pace = at_full_speed
    ) -> Inspection:
        """Read a blob whole and compute the digest of its bytes, unless it has another size.

        Args:
            location: where it lies.
            size: bytes that it should have; of another size, nothing is read.
            algorithm: of the digest.
            pace: holds the reading back.

        Raises:
            DamagedBlob: the disk cannot give the bytes.
        """
        ...

    def find(self, digest: Digest) -> Location | None:
        """Name the place of a blob that no row tells of, whether or not it lies there.

        None where the storage does not place blobs by their digest.
        """
        ...

    def files(self) -> AsyncIterator[list[StoredFile | OddFile]]:
        """List everything that lies among the blobs, page by page, in no order."""
        ...
