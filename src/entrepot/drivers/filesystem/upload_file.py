"""The file of an upload: written behind what it holds, large ones past the page cache.

Copying a layer into the page cache costs several times what hashing it does, and pushes out what
others are pulling. So whole batches behind the first few MiB go to the disk directly, from an
aligned buffer; the beginning and the end of a file, and small files, go the usual way
(docs/decisions/0005-large-uploads-past-the-page-cache.md).
"""

import errno
import fcntl
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

from entrepot.errors import UploadBusy

BLOCK_BYTES = 4096
DIRECT_FROM_BYTES = 4 * 1024 * 1024
BUFFER_BYTES = 1024 * 1024
_BUFFERS = 8


class DirectBuffers:
    """A few aligned buffers, shared by the uploads of one storage.

    Args:
        number: how many uploads may write directly at one moment; others go the usual way.
    """

    def __init__(self, number: int = _BUFFERS) -> None:
        self.usable = hasattr(os, "O_DIRECT")
        self._unmade = number
        self._free: SimpleQueue[mmap.mmap] = SimpleQueue()

    def take(self) -> mmap.mmap | None:
        """Give a buffer; None when all are in use. Called from many threads."""
        try:
            return self._free.get_nowait()
        except Empty:
            if self._unmade <= 0:
                return None
            # Two threads that get here together make one buffer too many, at worst.
            self._unmade -= 1
            return mmap.mmap(-1, BUFFER_BYTES)

    def give_back(self, buffer: mmap.mmap) -> None:
        """Let others have it."""
        self._free.put(buffer)


class UploadFile:
    """An open upload.

    Args:
        path: the file; it is made when offset is 0.
        offset: bytes that it holds already; what it has beyond them is cut off.
        buffers: for writing directly.

    Raises:
        UploadBusy: somebody else has it open.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, offset: int, buffers: DirectBuffers) -> None:
        make = os.O_CREAT if offset == 0 else 0
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CLOEXEC | make, 0o644)
        self._buffers = buffers
        self._direct = False
        self.offset = offset
        # Held until the first batch is written, which its maker does at once.
        self._held = False
        try:
            lock(self._file, path)
            self._held = True
            if os.fstat(self._file).st_size != offset:
                os.ftruncate(self._file, offset)
        except BaseException:
            os.close(self._file)
            raise

    def write(self, pieces: list[bytes], size: int) -> None:
        """Write pieces behind what the file holds.

        Args:
            pieces: the bytes.
            size: of all of them.

        Raises:
            UploadBusy: another request has gone on with the upload meanwhile.
            OSError: they could not be written; the file is as it was before.
        """
        if not self._held:
            lock(self._file, self._path)
        try:
            self._check_own()
            try:
                if not self._write_directly(pieces, size):
                    self._set_direct(on=False)
                    write_all(self._file, pieces, self.offset)
            except OSError:
                # What was written of it gives its room back, and is written again on resuming.
                os.ftruncate(self._file, self.offset)
                raise
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._held = False
        self.offset += size

    def _check_own(self) -> None:
        """Refuse to write when the file has gone on, or has become a blob, without this one.

        A batch that waited long for its turn may find its claim gone and its successor done.
        """
        own = os.fstat(self._file)
        try:
            named = os.stat(self._path)
        except FileNotFoundError:
            raise _busy(self._path) from None
        if named.st_ino != own.st_ino or own.st_size != self.offset:
            raise _busy(self._path)

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write_directly(self, pieces: list[bytes], size: int) -> bool:
        if (
            not self._buffers.usable
            or self.offset < DIRECT_FROM_BYTES
            or self.offset % BLOCK_BYTES
            or size % BLOCK_BYTES
        ):
            return False
        buffer = self._buffers.take()
        if buffer is None:
            return False
        try:
            self._set_direct(on=True)
            offset = self.offset
            for filled in _fill(buffer, pieces):
                with memoryview(buffer)[:filled] as view:
                    if os.pwrite(self._file, view, offset) != filled:
                        return False  # written again, the usual way, which says why
                offset += filled
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._buffers.usable = False  # this file system cannot
            return False
        finally:
            self._buffers.give_back(buffer)
        return True

    def _set_direct(self, *, on: bool) -> None:
        if on != self._direct:
            flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
            wanted = flags | os.O_DIRECT if on else flags & ~os.O_DIRECT
            fcntl.fcntl(self._file, fcntl.F_SETFL, wanted)
            self._direct = on


def lock(file: int, path: Path) -> None:
    """Hold an upload's file, for one write or for its commit; closing it lets go.

    A claim on a session ends with its lease, and a write that hangs in the disk does not: whoever
    takes the session over must not write, or commit, beside it.

    Raises:
        UploadBusy: somebody else holds it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy(path) from None


def _busy(path: Path) -> UploadBusy:
    return UploadBusy("another request is writing to this upload session", {"upload": path.name})


def _fill(buffer: mmap.mmap, pieces: list[bytes]) -> Iterator[int]:
    """Copy pieces into the buffer, again and again; tell each time how many bytes it has."""
    filled = 0
    for piece in pieces:
        start = 0
        while start < len(piece):
            size = min(len(piece) - start, BUFFER_BYTES - filled)
            buffer[filled : filled + size] = memoryview(piece)[start : start + size]
            start += size
            filled += size
            if filled == BUFFER_BYTES:
                yield filled
                filled = 0
    if filled:
        yield filled


def write_all(file: int, pieces: list[bytes], offset: int) -> None:
    """Write all pieces at an offset, however little each call takes."""
    views = [memoryview(piece) for piece in pieces if piece]
    while views:
        written = os.pwritev(file, views, offset)
        offset += written
        while views and written >= len(views[0]):
            written -= len(views.pop(0))
        if written:
            views[0] = views[0][written:]
