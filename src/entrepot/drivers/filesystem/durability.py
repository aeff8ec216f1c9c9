"""Makes files and names outlive a power loss."""

import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Make a directory and those above it, durably.

    Names are synced up to the mount point even where they were there before: an earlier start
    may have made them and been killed before it had synced them.

    Args:
        path: the directory; it may exist.

    Raises:
        OSError: it cannot be made, or not be synced.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    below = path
    sync_directory(below)
    while not below.is_mount() and below != below.parent:
        try:
            sync_directory(below.parent)
        except PermissionError:
            # Not this user's to read, so not this user's to have made anything in either.
            if below in missing:
                raise
        below = below.parent


def move_into_place(source: Path, target: Path, levels: int) -> None:
    """Give a synced file its final name, durably; a file that has that name is replaced.

    The directories above the target are synced even where they were there before: another
    process may have made them a moment ago and not have synced their names yet.

    Args:
        source: the file.
        target: its final name, on the same file system.
        levels: how many directories above the target may be new.
    """
    while True:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.replace(target)
            break
        except FileNotFoundError:
            # Whoever deletes a blob removes its empty folder, and may have done so just now.
            if not source.exists():
                raise
    sync_above(target, levels)


def sync_above(target: Path, levels: int) -> None:
    """Wait until a file's name has reached the disk, and the names of the folders it lies in.

    Args:
        target: the file.
        levels: how many directories above it may be new.
    """
    directory = target.parent
    for _ in range(levels + 1):
        sync_directory(directory)
        directory = directory.parent
