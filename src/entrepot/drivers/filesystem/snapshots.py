"""Snapshots of the database as files: `<root>/entrepot/backups/metadata-20260131T235959Z.db`.

They hold what the database holds, hashes of passwords and tokens included, so that only the
registry's own user may read them.
"""

import os
import re
import time
import uuid
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from entrepot.drivers.filesystem.durability import make_directory, sync_directory
from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.layout import Layout
from entrepot.ports.backup import Snapshot
from entrepot.ports.clock import MICROSECONDS

_NAME = re.compile(r"metadata-(\d{8}T\d{6}Z)(?:-\d+)?\.db", re.ASCII)
_TIME = "%Y%m%dT%H%M%SZ"
_SCRATCH = ".unfinished-"
_ABANDONED_SECONDS = 24 * 3600


class FilesystemSnapshots:
    """Implements `SnapshotStore`.

    Args:
        root: the root directory of the storage.
    """

    def __init__(self, root: Path) -> None:
        self._folder = Layout(root).backups

    def listed(self) -> list[Snapshot]:
        """List the snapshots, newest first."""
        found = []
        with translated("listing backups"):
            try:
                entries = list(os.scandir(self._folder))
            except FileNotFoundError:
                return []
            for entry in entries:
                match = _NAME.fullmatch(entry.name)
                if match and entry.is_file():
                    moment = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
                    taken_at = int(moment.timestamp()) * MICROSECONDS
                    found.append(Snapshot(entry.name, taken_at, entry.stat().st_size))
        return sorted(found, key=lambda one: (one.taken_at, len(one.name), one.name), reverse=True)

    def path(self, name: str) -> Path | None:
        """Find a snapshot; None when there is none of this name."""
        path = self._folder / name
        return path if _NAME.fullmatch(name) and path.is_file() else None

    def scratch(self) -> Path:
        """Make an empty file, which only its owner reads, for a snapshot that is being written."""
        with translated("making a backup"):
            if not self._folder.is_dir():
                make_directory(self._folder)
                self._folder.chmod(0o700)
                give_to_owner(self._folder, self._folder.parent)
            self._forget_abandoned()
            return make_private(self._folder / f"{_SCRATCH}{uuid.uuid4().hex}")

    def keep(self, scratch: Path, taken_at: int) -> Snapshot:
        """Make what was written a snapshot, durably."""
        moment = datetime.fromtimestamp(taken_at // MICROSECONDS, UTC).strftime(_TIME)
        with translated("making a backup"):
            sync_file(scratch)
            size = scratch.stat().st_size
            target = self._free_name(moment)
            scratch.rename(target)
            sync_directory(self._folder)
        return Snapshot(target.name, taken_at // MICROSECONDS * MICROSECONDS, size)

    def discard(self, scratch: Path) -> None:
        """Remove what was begun and not kept; of what is gone, do nothing."""
        with translated("removing an unfinished backup"):
            for suffix in ("", "-journal", "-wal", "-shm"):
                scratch.with_name(scratch.name + suffix).unlink(missing_ok=True)

    def remove(self, snapshot: Snapshot) -> None:
        """Remove a snapshot; of what is gone, do nothing."""
        with translated("removing a backup"):
            (self._folder / snapshot.name).unlink(missing_ok=True)

    def _free_name(self, moment: str) -> Path:
        path = self._folder / f"metadata-{moment}.db"
        for number in count(2):
            if not path.exists():
                break
            path = self._folder / f"metadata-{moment}-{number}.db"
        return path

    def _forget_abandoned(self) -> None:
        """Remove what a crash has left; what is being written is younger."""
        for path in self._folder.glob(f"{_SCRATCH}*"):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink(missing_ok=True)


def make_private(path: Path) -> Path:
    """Make an empty file that only the registry's own user may read.

    Root makes it that of whoever the folder belongs to, who runs the registry.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    give_to_owner(path, path.parent)
    return path


def give_to_owner(path: Path, folder: Path) -> None:
    """Make something that root has made that of a folder's owner."""
    if os.geteuid() == 0:
        status = folder.stat()
        os.chown(path, status.st_uid, status.st_gid)


def sync_file(path: Path) -> None:
    """Wait until a file has reached the disk."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
