"""Reads the file of an upload that somebody is writing.

The file keeps its bytes for whoever has it open, also when it becomes a blob's file or is removed.
A writer that goes on behind an earlier state cuts it, and writes the same bytes again.
"""

import os
from functools import partial
from pathlib import Path

from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.reader import is_cached
from entrepot.drivers.threads import Threads


class FileUploadReader:
    """Implements `UploadReader` on an open file.

    Args:
        file: its descriptor, owned from now on.
        threads: where reads wait for the disk.
    """

    def __init__(self, file: int, threads: Threads) -> None:
        self._file = file
        self._threads = threads

    def size(self) -> int:
        """Tell how many bytes there are now."""
        with translated("reading an upload"):
            return os.fstat(self._file).st_size

    async def read(self, start: int, limit: int) -> bytes:
        """Give what there is from an offset on, without waiting for more."""
        with translated("reading an upload"):
            size = min(limit, os.fstat(self._file).st_size - start)
            if size <= 0:
                return b""
            if is_cached(self._file, start, size):
                content = os.pread(self._file, size, start)
            else:
                content = await self._threads.run(partial(os.pread, self._file, size, start))
            # Cut meanwhile, it may have given zeros for what is no longer there.
            there = os.fstat(self._file).st_size - start
        return content if len(content) <= there else b""

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def open_upload(path: Path) -> int | None:
    """Open an upload's file for reading; None where there is none.

    Raises:
        StorageOutage: the file system failed.
    """
    with translated("opening an upload"):
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
