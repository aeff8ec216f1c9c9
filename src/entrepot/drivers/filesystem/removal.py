"""Removes a blob's file, so that a power loss does not bring it back."""

import os
from contextlib import suppress

from entrepot.drivers.filesystem.failures import translated


def remove_file(path: str, held: int) -> None:
    """Remove a blob's file and its folder; what is gone already is no error.

    Args:
        path: the file.
        held: the folder of two digits above both, held alone.

    Raises:
        StorageOutage: the file system failed.
    """
    with translated("removing a blob"):
        with suppress(FileNotFoundError):
            os.unlink(path)
        with suppress(OSError):  # something else lies there, which is not this program's to remove
            os.rmdir(os.path.dirname(path))
        os.fsync(held)
