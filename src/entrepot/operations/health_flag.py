"""One byte that says to every worker whether the registry is healthy.

The supervisor checks; the workers must refuse everything while a check fails, as Docker Registry
does. Reading the byte costs a worker less than 0.1 µs, so it is read at every request.
"""

import mmap
import os
from pathlib import Path


class HealthFlag:
    """The flag. Every process opens the same file.

    Args:
        path: RuntimeDirectory.health; made where it is missing.

    Raises:
        OSError: the file cannot be made, or there is no room for it.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Room is taken now: a write into a hole of a full tmpfs would be fatal (SIGBUS).
            os.posix_fallocate(descriptor, 0, 1)
            self._byte = mmap.mmap(descriptor, 1)
        finally:
            os.close(descriptor)

    @property
    def failing(self) -> bool:
        """Whether a health check fails."""
        return self._byte[0] != 0

    def set(self, failing: bool) -> None:
        """Tell every worker."""
        self._byte[0] = failing

    def close(self) -> None:
        """Let go of the file."""
        self._byte.close()
