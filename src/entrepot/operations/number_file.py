"""Numbers with names in a memory-mapped file, in prometheus_client's multiprocess format.

    used: int32, padding: 4 bytes, then for each number
    length of the name: int32 | the name, padded with spaces to a multiple of 8 | value | timestamp

Written here, because prometheus_client costs a worker that only counts 4.7 MiB and 50 ms of start;
the supervisor reads the files with the library itself.
"""

import mmap
import os
import struct
from pathlib import Path

_INT = struct.Struct("=i")
_VALUE = struct.Struct("=dd")
_BEGIN = 8


class NumberFile:
    """A file of numbers that one process writes.

    Args:
        path: the file; what another process has left in it is kept.
        room: its size in bytes.

    Raises:
        OSError: there is no room for it.
    """

    def __init__(self, path: Path, room: int) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Room is taken now: a write into a hole of a full tmpfs would be fatal (SIGBUS).
            os.posix_fallocate(descriptor, 0, room)
            self._bytes = mmap.mmap(descriptor, room)
        finally:
            os.close(descriptor)
        self._room = room
        self._used: int = max(_BEGIN, _INT.unpack_from(self._bytes, 0)[0])
        self._positions = self._read()

    def find(self, name: str) -> tuple[int, float]:
        """Find or make a number.

        Args:
            name: its name.

        Returns:
            Its position, and its value. The position is 0 when there is no room for another.
        """
        position = self._positions.get(name)
        if position is None:
            position = self._positions[name] = self._append(name)
        value: float = _VALUE.unpack_from(self._bytes, position)[0] if position else 0.0
        return position, value

    def write(self, position: int, value: float) -> None:
        """Replace the number at a position; nobody sees half of it."""
        if position:
            self._bytes[position : position + _VALUE.size] = _VALUE.pack(value, 0.0)

    def close(self) -> None:
        """Let go of the file. Closing twice is allowed."""
        self._bytes.close()

    def _append(self, name: str) -> int:
        encoded = name.encode()
        padded = encoded + b" " * _padding(len(encoded))
        entry = _INT.pack(len(encoded)) + padded + _VALUE.pack(0.0, 0.0)
        end = self._used + len(entry)
        if end > self._room:
            return 0
        self._bytes[self._used : end] = entry
        # Told last, so that whoever reads, or is killed, never meets half an entry.
        self._bytes[0 : _INT.size] = _INT.pack(end)
        self._used = end
        return end - _VALUE.size

    def _read(self) -> dict[str, int]:
        positions = {}
        position = _BEGIN
        while position < self._used:
            (length,) = _INT.unpack_from(self._bytes, position)
            start = position + _INT.size
            position = start + length + _padding(length)
            positions[self._bytes[start : start + length].decode()] = position
            position += _VALUE.size
        return positions


def _padding(length: int) -> int:
    return 8 - (length + 4) % 8
