"""Aligned memory, shared by the uploads of a storage, for writing past the page cache."""

import ctypes
import mmap
import os
from queue import Empty, SimpleQueue

from entrepot.drivers.filesystem.kernel_write import KernelWrite

BUFFER_BYTES = 1024 * 1024
_BUFFERS = 12


class DirectBuffer:
    """Memory from which one write at a time is made.

    Args:
        kernel: writes beside whoever fills the next buffer; None to be waited for at once.
    """

    def __init__(self, kernel: KernelWrite | None) -> None:
        self._memory = mmap.mmap(-1, BUFFER_BYTES)
        self.view = memoryview(self._memory)
        self._kernel = kernel
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._size = self._written = 0
        self._begun = False

    @property
    def concurrent(self) -> bool:
        """Whether a write goes on by itself."""
        return self._kernel is not None

    def start(self, file: int, size: int, offset: int) -> None:
        """Begin to write the first bytes of it.

        Args:
            file: open for direct writing.
            size: bytes.
            offset: where in the file.

        Raises:
            OSError: the file system refuses.
        """
        self._size = size
        if self._kernel is None:
            self._written = os.pwrite(file, self.view[:size], offset)
        else:
            self._kernel.start(file, self._address, size, offset)
        self._begun = True

    def finish(self) -> bool:
        """Wait until nothing is being written, and tell whether all of it was.

        Raises:
            OSError: the write failed.
        """
        if self._begun:
            self._begun = False
            if self._kernel is not None:
                self._written = self._kernel.finish()
        return self._written == self._size


class DirectBuffers:
    """A few buffers. Called from many threads.

    Args:
        number: how many there are; who finds none goes the usual way.
    """

    def __init__(self, number: int = _BUFFERS) -> None:
        self.usable = hasattr(os, "O_DIRECT")
        self._unmade = number
        self._free: SimpleQueue[DirectBuffer] = SimpleQueue()

    def take(self, number: int) -> list[DirectBuffer]:
        """Give buffers; fewer, or none, when the others are in use."""
        taken: list[DirectBuffer] = []
        while len(taken) < number:
            try:
                taken.append(self._free.get_nowait())
            except Empty:
                if self._unmade <= 0:
                    break
                # Threads that get here together make a buffer too many each, at worst.
                self._unmade -= 1
                taken.append(_make())
        return taken

    def give_back(self, buffers: list[DirectBuffer]) -> None:
        """Let others have them."""
        for buffer in buffers:
            self._free.put(buffer)


def _make() -> DirectBuffer:
    try:
        return DirectBuffer(KernelWrite())
    except OSError:
        return DirectBuffer(None)
