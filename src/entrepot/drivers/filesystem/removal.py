"""Removes a blob's file."""

import os
from contextlib import suppress

from entrepot.drivers.filesystem.failures import translated


def remove_file(path: str) -> None:
    """Remove a blob's file and its folder; what is gone already is no error.

    No sync: a power loss may bring the file back, as a leftover, which the next full sweep finds.
    Waiting for the disk here would make every push wait, too.

    Args:
        path: the file; the folder of two digits above it is held alone.

    Raises:
        StorageOutage: the file system failed.
    """
    with translated("removing a blob"):
        with suppress(FileNotFoundError):
            os.unlink(path)
        with suppress(OSError):  # something else lies there, which is not this program's to remove
            os.rmdir(os.path.dirname(path))
