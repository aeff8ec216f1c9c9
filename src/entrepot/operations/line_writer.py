"""Lines to a file descriptor, by a thread of its own.

Nobody who writes a log waits for whoever reads it: a terminal that was stopped with Ctrl-S, a full
pipe or a hung disk holds up this thread alone. What waits is bounded; beyond that lines are dropped
and counted, and so are lines that nobody can take any more.
"""

import contextlib
import os
import queue
import select
import stat
import threading
import time

LIMIT = 4 * 1024 * 1024
# Larger writes of several processes into one pipe may be mixed (POSIX, PIPE_BUF).
_ATOMIC = select.PIPE_BUF
_BATCH = 256 * 1024


class LineWriter:
    """Writes whole lines.

    Args:
        descriptor: an open file descriptor; never closed here, never made non-blocking, because
            other processes share it.
        limit: bytes that may wait to be written.
    """

    def __init__(self, descriptor: int, limit: int = LIMIT) -> None:
        self._descriptor = descriptor
        self._limit = limit
        self._waiting: queue.SimpleQueue[tuple[bytes, int] | None] = queue.SimpleQueue()
        # Each of these has one writer, so none needs a lock.
        self._taken = self._taken_lines = self._refused_lines = 0
        self._done = self._done_lines = self._failed_lines = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def dropped(self) -> int:
        """Lines that were not written, and will not be."""
        return self._refused_lines + self._failed_lines

    def write(self, lines: bytes, count: int = 1) -> None:
        """Take lines and return at once. Call it from one thread at a time.

        Args:
            lines: whole lines, the last one ended too.
            count: how many.
        """
        if self._closed or self._taken - self._done + len(lines) > self._limit:
            self._refused_lines += count
            return
        self._taken += len(lines)
        self._taken_lines += count
        self._waiting.put((lines, count))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
            self._thread.start()

    def flush(self, timeout: float = 1.0) -> bool:
        """Wait until everything that was taken is written.

        Args:
            timeout: seconds to wait at most.

        Returns:
            Whether it is.
        """
        end = time.monotonic() + timeout
        while self._done < self._taken:
            if time.monotonic() >= end:
                return False
            time.sleep(0.002)
        return True

    def close(self, timeout: float = 1.0) -> None:
        """Write what waits, and stop. What cannot be written in time is dropped.

        Args:
            timeout: seconds to wait at most.
        """
        if self._closed:
            return
        self._closed = True
        if self._thread is None:
            return
        self._waiting.put(None)
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._refused_lines += self._taken_lines - self._done_lines

    def _run(self) -> None:
        piece = _ATOMIC if self._mixes_large_writes() else _BATCH
        while (first := self._waiting.get()) is not None:
            batch, ended = [first], False
            size = len(first[0])
            with contextlib.suppress(queue.Empty):
                while size < _BATCH:
                    item = self._waiting.get_nowait()
                    if item is None:
                        ended = True
                        break
                    batch.append(item)
                    size += len(item[0])
            lost = self._write(b"".join(lines for lines, _ in batch), piece)
            count = sum(count for _, count in batch)
            self._failed_lines += min(lost, count)
            self._done_lines += count
            self._done += size
            if ended:
                return

    def _mixes_large_writes(self) -> bool:
        try:
            mode = os.fstat(self._descriptor).st_mode
        except OSError:
            return False
        return not stat.S_ISREG(mode)

    def _write(self, lines: bytes, piece: int) -> int:
        """Write all lines in pieces that end with a line; tell how many lines were lost."""
        start = 0
        while start < len(lines):
            end = len(lines)
            if end - start > piece:
                end = lines.rfind(b"\n", start, start + piece) + 1
                if end <= start:  # one line is longer than a piece
                    end = lines.find(b"\n", start) + 1 or len(lines)
            try:
                while start < end:
                    start += self._write_once(lines[start:end])
            except OSError:
                return lines.count(b"\n", start)
        return 0

    def _write_once(self, piece: bytes) -> int:
        while True:
            try:
                return os.write(self._descriptor, piece)
            except BlockingIOError:
                # Somebody who shares the descriptor has made it non-blocking.
                poll = select.poll()
                poll.register(self._descriptor, select.POLLOUT)
                poll.poll(1000)
