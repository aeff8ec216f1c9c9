"""One registry at a time on a data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrepot.drivers.filesystem.layout import OWN_FOLDER
from entrepot.errors import StorageOutage


@contextmanager
def hold(root: Path) -> Iterator[None]:
    """Hold a data directory until the block ends, or the process does, however it ends.

    Args:
        root: the directory; `prepare` has run on it.

    Raises:
        StorageOutage: another registry holds it; the message says which process.
    """
    path = root / OWN_FOLDER / "lock"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageOutage(f"{path} cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
            raise StorageOutage(
                f"another registry runs on {root}" + (f" (process {holder})" if holder else "")
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(file)
