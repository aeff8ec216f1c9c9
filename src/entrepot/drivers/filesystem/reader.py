"""Reads a blob's file: inline what the page cache has, in a thread what the disk must give."""

import os
from collections.abc import AsyncIterator
from functools import partial

from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.share import Share
from entrepot.drivers.threads import Threads
from entrepot.errors import DamagedBlob
from entrepot.ports.blobs import Location

_PROBE = [bytearray(1)]


class FileContent:
    """Implements `BlobContent` on an open file.

    Args:
        file: its descriptor, owned from now on.
        location: for messages.
        threads: where reads wait for the disk.
        share: how many bytes are read at once.
    """

    def __init__(self, file: int, location: Location, threads: Threads, share: Share) -> None:
        self._share = share
        self._file = file
        self._location = location
        self._threads = threads
        self._is_cold = False

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give bytes start to stop (exclusive) in large pieces."""
        self._share.enter()
        try:
            offset = start
            while offset < stop:
                content = await self._read_at(offset, min(self._share.size, stop - offset))
                if not content:
                    raise DamagedBlob(
                        f"a blob's file ended at {offset} bytes while {stop} were being read",
                        {"location": self._location},
                    )
                offset += len(content)
                yield content
        finally:
            self._share.leave()

    async def _read_at(self, offset: int, size: int) -> bytes:
        with translated("reading a blob"):
            # Once a piece had to come from the disk, the rest will: asking first only costs.
            self._is_cold = self._is_cold or not is_cached(self._file, offset, size)
            if not self._is_cold:
                return os.pread(self._file, size, offset)
            return await self._threads.run(partial(os.pread, self._file, size, offset))

    def read_now(self, start: int, stop: int) -> bytes | None:
        """Give these bytes when the page cache has them, else None."""
        with translated("reading a blob"):
            if stop > start and not is_cached(self._file, start, stop - start):
                return None
            content = os.pread(self._file, stop - start, start)
        return content if len(content) == stop - start else None

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def is_cached(file: int, offset: int, size: int) -> bool:
    """Tell whether the last byte of a range is in the page cache, without waiting for the disk.

    Files are read forwards, so where the last byte is, the others nearly always are.
    """
    try:
        return os.preadv(file, _PROBE, offset + size - 1, os.RWF_NOWAIT) == 1
    except OSError:
        return False


def open_blob(path: str, location: Location, size: int) -> int:
    """Open a blob's file that has exactly this size in bytes.

    Raises:
        DamagedBlob: it is missing, or of another size.
        StorageOutage: the file system failed.
    """
    with translated("opening a blob"):
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise DamagedBlob("a blob's file is missing", {"location": location}) from None
        found = os.fstat(file).st_size
    if found != size:
        os.close(file)
        raise DamagedBlob(
            f"a blob's file has {found} bytes where {size} belong", {"location": location}
        )
    return file
