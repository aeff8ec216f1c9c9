"""Snapshots of the metadata, and the place where they lie.

Everything here waits for the disk: call it outside the event loop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

GoOn = Callable[[], None]
"""Asked between two pieces of work; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of the metadata, as it was at one moment.

    Attributes:
        name: of the file.
        taken_at: microseconds since 1970, UTC.
        size: bytes.
    """

    name: str
    taken_at: int
    size: int


@dataclass(frozen=True, slots=True)
class SnapshotContent:
    """What a snapshot holds, in numbers."""

    repositories: int
    manifests: int
    tags: int
    blobs: int


class MetadataSnapshots(Protocol):
    """Copies the metadata while it is in use."""

    def write(self, target: Path, go_on: GoOn) -> None:
        """Copy the database as it is at one moment, while others read and write it.

        Args:
            target: an empty file, which keeps its owner and mode.
            go_on: asked every few megabytes.

        Raises:
            MetadataOutage: the database cannot be read.
            StorageFull: there is no room.
        """
        ...

    def verify(self, snapshot: Path) -> SnapshotContent:
        """Read a snapshot whole, and let the database check its file.

        Raises:
            MetadataOutage: it is damaged, or is no snapshot of this schema or an older one.
        """
        ...


class SnapshotStore(Protocol):
    """The place where snapshots lie. Everything raises StorageOutage when it fails."""

    def listed(self) -> list[Snapshot]:
        """List the snapshots, newest first."""
        ...

    def path(self, name: str) -> Path | None:
        """Find a snapshot; None when there is none of this name."""
        ...

    def scratch(self) -> Path:
        """Make an empty file, which only its owner reads, for a snapshot that is being written."""
        ...

    def keep(self, scratch: Path, taken_at: int) -> Snapshot:
        """Make what was written a snapshot, durably."""
        ...

    def discard(self, scratch: Path) -> None:
        """Remove what was begun and not kept; of what is gone, do nothing."""
        ...

    def remove(self, snapshot: Snapshot) -> None:
        """Remove a snapshot; of what is gone, do nothing."""
        ...
