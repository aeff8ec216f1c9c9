"""Makes files and names outlive a power loss.

Paths of blobs are plain strings here: this is the hot path of a push.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from entrepot.drivers.filesystem.prefix_lock import hold_shared


def sync_directory(path: Path | str) -> None:
    """Wait until the names in a directory have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Make a directory and those above it, durably.

    Args:
        path: the directory; it may exist.

    Raises:
        OSError: it cannot be made, or not be synced.
    """
    make_directories([path])


def make_directories(paths: Iterable[Path]) -> None:
    """Make directories and those above them, durably; what several lie in is synced once.

    Others than their owner cannot enter the new ones.

    Names are synced up to the mount point even where they were there before: an earlier start
    may have made them and been killed before it had synced them.

    Args:
        paths: the directories; they may exist.

    Raises:
        OSError: one cannot be made, or not be synced.
    """
    missing: set[Path] = set()
    lowest = list(paths)
    for path in lowest:
        missing.update(folder for folder in (path, *path.parents) if not folder.exists())
        for folder in (*reversed(path.parents), path):
            if folder in missing:
                folder.mkdir(0o700, exist_ok=True)
    synced: set[Path] = set()
    for path in lowest:
        sync_directory(path)
        synced.add(path)
    for path in lowest:
        _sync_above(path, missing, synced)


def _sync_above(path: Path, missing: set[Path], synced: set[Path]) -> None:
    below = path
    while not below.is_mount() and below != below.parent:
        above = below.parent
        if above not in synced:
            try:
                sync_directory(above)
                synced.add(above)
            except PermissionError:
                # Not this user's to read, so not this user's to have made anything in either.
                if below in missing:
                    raise
        below = above


class FinalNames:
    """Gives files their final names, durably: `TOP/xx/HEX/data`, as blobs are laid out.

    Each name on the way is synced even where it was there before: another process may have made
    it a moment ago and not have synced it yet. Only the names of the `xx` folders, of which
    there are 256 and which nobody removes, are synced once by each process.
    """

    def __init__(self) -> None:
        self._settled: set[str] = set()

    def hold(self, target: str) -> int:
        """Keep a file of this name from being removed, until what is given here is closed.

        Raises:
            Held: somebody removes a blob beside it; to be tried again.
        """
        prefix = os.path.dirname(os.path.dirname(target))
        try:
            return hold_shared(prefix)
        except FileNotFoundError:
            self._settled.discard(prefix)
            os.makedirs(prefix, 0o700, exist_ok=True)
            return hold_shared(prefix)

    def give(self, source: str, target: str, held: int) -> None:
        """Move a synced file into place; a file that has the name is replaced.

        Args:
            source: the file.
            target: its final name, on the same file system.
            held: what `hold` has given for it.
        """
        _make_folder(target)
        os.replace(source, target)
        self.sync(target, held)

    def give_if_free(self, source: str, target: str) -> bool:
        """Move a file to a name that no file has, and wait for nothing; False where one has it.

        Args:
            source: the file, which need not be synced.
            target: its final name, which `hold` has been called for.
        """
        _make_folder(target)
        try:
            os.link(source, target)
        except OSError:  # somebody has the name, or the file system has no links
            return False
        os.unlink(source)
        return True

    def sync(self, target: str, held: int) -> None:
        """Wait until a file's name has reached the disk, and the names of its folders."""
        folder = os.path.dirname(target)
        prefix = os.path.dirname(folder)
        sync_directory(folder)
        os.fsync(held)
        if prefix not in self._settled:
            sync_directory(os.path.dirname(prefix))
            self._settled.add(prefix)


def _make_folder(target: str) -> None:
    # Nobody removes the folder now: that is done by those who hold the one above alone.
    with suppress(FileExistsError):
        os.mkdir(os.path.dirname(target), 0o700)
