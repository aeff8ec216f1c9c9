"""Tells, without a system call, whether anything was committed to a database since a moment.

SQLite's processes agree on the end of the write-ahead log through the head of the file `-shm`,
which each of them has mapped into its memory; every commit changes it (sqlite.org/walformat.html,
section 2.1, "The WAL-Index File Format"). Comparing it costs a tenth of a microsecond, where asking
the database costs a look at three locks.

The file is never opened here: closing it would end every lock that SQLite holds on it in this
process (fcntl(2); sqlite.org/howtocorrupt.html, section 2.2), and whoever opens the database next
would take it for abandoned and cut it, under the feet of all workers. It is mapped by SQLite's own
descriptor, by the C library, because Python's mmap closes a copy of the descriptor at its end.
"""

import ctypes
import os
import struct
from contextlib import suppress
from pathlib import Path

# Two copies of the same 48 bytes. One that is being written differs from whatever was read before.
_HEAD_BYTES = 96
# The format of the head, which no release of SQLite since 3.7.0 (2010) has changed.
_FORMAT = 3007000
_UNSIGNED = struct.Struct("=I")


_PROT_READ, _MAP_SHARED = 1, 1


class CommitWatch:
    """Looks at the head of a database's shared memory.

    Args:
        address: of the mapped file; None where it cannot be relied upon, and nothing is known.
    """

    def __init__(self, address: int | None) -> None:
        self._address = address
        self._head = None
        if address is not None:
            self._head = (ctypes.c_char * _HEAD_BYTES).from_address(address)

    @classmethod
    def of(cls, database: Path) -> "CommitWatch":
        """Watch a database in write-ahead mode that this process holds open.

        Args:
            database: the file; it is held open for longer than this watch.
        """
        descriptor = _descriptor(Path(f"{database}-shm"))
        if descriptor is None:
            return cls(None)
        address = _libc().mmap(None, _HEAD_BYTES, _PROT_READ, _MAP_SHARED, descriptor, 0)
        if address in (None, ctypes.c_void_p(-1).value):
            return cls(None)
        watch = cls(address)
        if _UNSIGNED.unpack_from(watch.state() or b"\0\0\0\0")[0] != _FORMAT:
            watch.close()
        return watch

    def state(self) -> bytes | None:
        """Give what is equal for as long as nothing is committed; None where that is unknown."""
        return None if self._head is None else self._head.raw

    def close(self) -> None:
        """Let go of the memory. Closing twice is allowed."""
        self._head = None
        if self._address is not None:
            _libc().munmap(self._address, _HEAD_BYTES)
            self._address = None


def _descriptor(file: Path) -> int | None:
    """Find what this process, which is to say SQLite in it, has open already."""
    with suppress(OSError):
        wanted = file.stat()
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  (names are numbers here)
            with suppress(OSError):
                found = os.fstat(int(name))
                if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                    return int(name)
    return None


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (
        *(ctypes.c_void_p, ctypes.c_size_t),
        *(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long),
    )
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return libc
