"""The file of an upload: written behind what it holds, large ones past the page cache.

Copying a layer into the page cache costs several times what hashing it does, and pushes out what
others are pulling. So whole batches of a large upload go to the disk directly, from aligned
buffers, while they are hashed; the end of a file, and small files, go the usual way
(docs/decisions/0005-large-uploads-past-the-page-cache.md).
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from entrepot.drivers.filesystem.direct_batch import DirectBatch
from entrepot.drivers.filesystem.direct_buffer import BUFFER_BYTES, DirectBuffers
from entrepot.drivers.filesystem.hashing import Hasher
from entrepot.errors import UploadBusy

BLOCK_BYTES = 4096
LARGE_BYTES = 4 * 1024 * 1024
# More would not make a batch faster: while one is written, another is filled, and a third waits.
_BUFFERS_A_BATCH = 3


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

    def write(self, pieces: list[bytes], size: int, hasher: Hasher | None = None) -> None:
        """Write pieces behind what the file holds.

        Args:
            pieces: the bytes.
            size: of all of them.
            hasher: takes them, too; of no use any more when this fails.

        Raises:
            UploadBusy: another request has gone on with the upload meanwhile.
            OSError: they could not be written; the file is as it was before.
        """
        hashing = _hashing(pieces, hasher)
        if not self._held:
            lock(self._file, self._path)
        try:
            self._check_own()
            try:
                if not self._write_directly(pieces, size, hashing):
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
        for _ in hashing:
            pass

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

    def _write_directly(self, pieces: list[bytes], size: int, hashing: Iterator[None]) -> bool:
        if (
            not self._buffers.usable
            or self.offset + size < LARGE_BYTES
            or self.offset % BLOCK_BYTES
            or size % BLOCK_BYTES
        ):
            return False
        buffers = self._buffers.take(min(_BUFFERS_A_BATCH, -(-size // BUFFER_BYTES)))
        if not buffers:
            return False
        try:
            self._set_direct(on=True)
            if buffers[0].concurrent:
                # The kernel lets nobody go on beside a write that makes a file longer.
                os.ftruncate(self._file, self.offset + size)
            with DirectBatch(self._file, self.offset, buffers) as batch:
                for piece in pieces:
                    size -= len(piece)
                    batch.add(piece)
                    if size == 0:
                        batch.push()
                    next(hashing, None)
                return batch.finish()  # what was not written is written again, which says why
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._buffers.usable = False  # this file system cannot
            return False
        finally:
            self._buffers.give_back(buffers)

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


def _hashing(pieces: list[bytes], hasher: Hasher | None) -> Iterator[None]:
    """Hash the next piece each time that it is asked to go on."""
    if hasher is not None:
        for piece in pieces:
            hasher.update(piece)
            yield


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
