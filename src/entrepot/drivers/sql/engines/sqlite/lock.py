"""A lock beside the database, for work that only one process may do; gone with its process."""

import fcntl
import os
from pathlib import Path

from entrepot.errors import MetadataOutage


class FileLock:
    """Holds an exclusive lock on a file until it is released or the process ends.

    Args:
        path: the file; it is removed on release.
        work: what is locked, for the message: "adopting this directory".

    Raises:
        MetadataOutage: another process holds it, or the file cannot be made.
    """

    def __init__(self, path: Path, work: str) -> None:
        self._path = path
        self._file: int | None = None
        while self._file is None:
            try:
                self._file = _lock(path)
            except BlockingIOError:
                raise MetadataOutage(f"another process is {work} at this moment") from None
            except OSError as error:
                raise MetadataOutage(f"cannot lock {path}: {error.strerror}") from error

    def release(self) -> None:
        """Let go of it; releasing twice is allowed."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None


def _lock(path: Path) -> int | None:
    """Lock the file that has this name; None when its last holder removed it meanwhile."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists() and path.stat().st_ino == os.fstat(file).st_ino:
            return file
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None
