"""Blob storage as somebody sees it who doubts it: what is really there, whatever the rows say.

Everything waits for the disk: call it outside the event loop. Nothing here changes anything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location

Pace = Callable[[int], None]
"""Told of bytes that were read; returns when the next may be. What it raises ends the reading."""


def at_full_speed(size: int) -> None:
    """Never wait."""
    del size


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes that lie where a blob lies.

    Attributes:
        digest: what the place says that they have.
        location: the place.
        size: bytes.
        placed_at: when they came there, in microseconds since 1970, UTC.
        written_at: when they were written, in the same unit.
    """

    digest: Digest
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

    def size(self, location: Location) -> int | None:
        """Tell how many bytes lie at a location; None where nothing does."""
        ...

    def digest(self, location: Location, algorithm: str, pace: Pace = at_full_speed) -> str | None:
        """Read a blob whole and compute the digest of its bytes; None where nothing lies.

        Args:
            location: where it lies.
            algorithm: of the digest.
            pace: holds the reading back.

        Raises:
            DamagedBlob: the disk cannot give the bytes.
        """
        ...

    def expected(self, digest: Digest) -> Location:
        """Name the place where a blob of this digest lies, if the storage has it."""
        ...

    def files(self) -> Iterator[StoredFile | OddFile]:
        """List everything that lies among the blobs, in no order."""
        ...
