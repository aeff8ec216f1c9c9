"""Takes snapshots of the metadata."""

import asyncio
import logging
import threading
from pathlib import Path

from entrepot.ports.backup import MetadataSnapshots, Snapshot, SnapshotContent, SnapshotStore
from entrepot.ports.clock import Clock

logger = logging.getLogger("entrepot.backup")


class Interrupted(Exception):
    """Nobody waits for the snapshot any more."""


class Backup:
    """Takes snapshots, each one checked before it counts.

    Args:
        metadata: is copied.
        store: where snapshots lie.
        clock: tells the time.
    """

    def __init__(self, metadata: MetadataSnapshots, store: SnapshotStore, clock: Clock) -> None:
        self._metadata = metadata
        self._store = store
        self._clock = clock

    async def take(self, keep: int | None = None) -> tuple[Snapshot, SnapshotContent]:
        """Take a snapshot; older ones are removed only when it is there, and whole.

        Cancelling it leaves nothing behind.

        Args:
            keep: how many snapshots stay, this one included; None keeps all.

        Raises:
            MetadataOutage: the database cannot be read, or the copy is not sound.
            StorageOutage: the snapshot cannot be written.
        """
        stop = threading.Event()
        try:
            return await asyncio.to_thread(self._take, keep, stop)
        except asyncio.CancelledError:
            stop.set()
            raise

    def _take(self, keep: int | None, stop: threading.Event) -> tuple[Snapshot, SnapshotContent]:
        taken_at = self._clock.now()
        scratch = self._store.scratch()
        try:
            content = write_checked(self._metadata, scratch, stop)
            snapshot = self._store.keep(scratch, taken_at)
        finally:
            self._store.discard(scratch)
        if keep is not None:
            for old in self._store.listed()[keep:]:
                self._store.remove(old)
                logger.info("removed the backup %s", old.name)
        return snapshot, content


def write_checked(
    metadata: MetadataSnapshots, target: Path, stop: threading.Event | None = None
) -> SnapshotContent:
    """Copy the metadata into a file, and read the copy whole.

    Raises:
        Interrupted: it was told to stop.
        MetadataOutage: the database cannot be read, or the copy is not sound.
    """

    def go_on() -> None:
        if stop is not None and stop.is_set():
            raise Interrupted

    metadata.write(target, go_on)
    return metadata.verify(target)
