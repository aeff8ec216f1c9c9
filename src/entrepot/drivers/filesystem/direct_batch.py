"""A batch on its way past the page cache: one buffer is filled while others are written."""

from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Self

from entrepot.drivers.filesystem.direct_buffer import DirectBuffer


class DirectBatch:
    """Writes bytes behind each other, through buffers that are used in turn.

    Leaving it waits for what is still being written, whatever has happened.

    Args:
        file: open for direct writing.
        offset: where the batch begins in it.
        buffers: at least one; of one size.
    """

    def __init__(self, file: int, offset: int, buffers: list[DirectBuffer]) -> None:
        self._file = file
        self._offset = offset
        self._free = deque(buffers)
        self._busy: deque[DirectBuffer] = deque()
        self._filled = 0
        self._whole = True

    def add(self, content: bytes) -> None:
        """Take bytes; waits for the oldest write when all buffers are full.

        Raises:
            OSError: a write failed.
        """
        start = 0
        while start < len(content):
            if not self._free:
                self._wait()
            view = self._free[0].view
            size = min(len(content) - start, len(view) - self._filled)
            view[self._filled : self._filled + size] = memoryview(content)[start : start + size]
            start += size
            self._filled += size
            if self._filled == len(view):
                self.push()

    def push(self) -> None:
        """Begin to write what was taken.

        Raises:
            OSError: a write failed.
        """
        if self._filled:
            self._free[0].start(self._file, self._filled, self._offset)
            self._busy.append(self._free.popleft())
            self._offset += self._filled
            self._filled = 0

    def finish(self) -> bool:
        """Wait for all writes; tell whether they wrote all that they should.

        Raises:
            OSError: a write failed.
        """
        while self._busy:
            self._wait()
        return self._whole

    def _wait(self) -> None:
        buffer = self._busy.popleft()
        self._free.append(buffer)
        self._whole = buffer.finish() and self._whole

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._busy:
            with suppress(OSError):  # told of by the first that failed
                self._wait()
