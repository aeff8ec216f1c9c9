"""Files of databases are for the registry alone: passwords' hashes and tokens' lie there."""

import contextlib
import os
from pathlib import Path

from entrepot.drivers.filesystem.durability import make_directory

_STRANGERS = 0o007
_FILES = ("", "-wal", "-shm")


def make_private_file(path: Path) -> None:
    """Make a database's file and its folder, where they are missing, and keep strangers out.

    SQLite gives its other files the permissions of this one. What root makes belongs to whoever
    the folder belongs to: a command run by root must not keep the registry out.

    Args:
        path: the file.

    Raises:
        OSError: something cannot be made.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    make_directory(path.parent)
    try:
        # Only where there was none: closing a file that is open elsewhere in this process would
        # let go of SQLite's locks on it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        for suffix in _FILES:
            _keep_strangers_out(path.with_name(path.name + suffix))
    else:
        missing.insert(0, path)
    if missing and os.geteuid() == 0:
        owner = missing[-1].parent.stat()
        with contextlib.suppress(PermissionError):  # root of a container that may do nothing
            for made in missing:
                os.chown(made, owner.st_uid, owner.st_gid)


def _keep_strangers_out(path: Path) -> None:
    # It may not be there, or be somebody else's: then that one has to.
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        if mode & _STRANGERS:
            path.chmod(mode & 0o777 & ~_STRANGERS)
