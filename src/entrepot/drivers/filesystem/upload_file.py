"""The file of an upload: written behind what it holds, through the page cache.

Images are pulled right after they are pushed, so their bytes stay in memory. What a batch has
written is sent to the disk at once, so that the sync of the commit finds little left to do
(docs/decisions/0020-uploads-through-the-page-cache.md).
"""

import ctypes
import fcntl
import os
from pathlib import Path

from entrepot.errors import UploadBusy
from entrepot.ports.blobs import Claim

# sync_file_range(2), for which the standard library has no function; not every C library has it.
_WRITE = 2
_sync_file_range = getattr(ctypes.CDLL(None), "sync_file_range", None)
if _sync_file_range is not None:
    _sync_file_range.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]


class UploadFile:
    """An open upload.

    Args:
        path: the file; it is created when offset is 0.
        offset: bytes that it holds already; what it has beyond them is cut off.
        claim: the right to write to it.

    Raises:
        UploadBusy: somebody else writes to it, or may do so by now.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, offset: int, claim: Claim) -> None:
        make = os.O_CREAT if offset == 0 else 0
        self._path = path
        self._claim = claim
        self._file = os.open(path, os.O_WRONLY | os.O_CLOEXEC | make, 0o600)
        self.offset = offset
        # Held until the first batch is written, which its maker does at once.
        self._held = False
        try:
            lock(self._file, path, claim)
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
            UploadBusy: another request has continued the upload meanwhile.
            OSError: they could not be written; the file is as it was before.
        """
        if not self._held:
            lock(self._file, self._path, self._claim)
        try:
            self._check_own()
            try:
                write_all(self._file, pieces, self.offset)
            except OSError:
                # What was written of it gives its room back, and is written again on resuming.
                os.ftruncate(self._file, self.offset)
                raise
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._held = False
        self.offset += size

    def start_writeback(self, offset: int) -> None:
        """Have the kernel begin to put on the disk what was written from an offset on."""
        start_writeback(self._file, offset, self.offset - offset)

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _check_own(self) -> None:
        """Refuse to write when the file has gone on, or has become a blob, without this one."""
        own = os.fstat(self._file)
        try:
            named = os.stat(self._path)
        except FileNotFoundError:
            raise _busy(self._path) from None
        if named.st_ino != own.st_ino or own.st_size != self.offset:
            raise _busy(self._path)


def start_writeback(file: int, offset: int, size: int) -> None:
    """Have the kernel begin to put some bytes of a file on the disk.

    Nothing is promised: that is left to a later sync, which is told of failures, too. This call
    reports none and hides none from it.
    """
    if _sync_file_range is not None:
        _sync_file_range(file, offset, size, _WRITE)


def lock(file: int, path: Path, claim: Claim) -> None:
    """Hold an upload's file, for one write or for its commit; closing it lets go.

    A claim on a session ends with its lease, and a write that hangs in the disk does not: whoever
    takes the session over must not write, or commit, beside it. Nor may a write that waited for
    longer than its lease go on once it has the lock: its successor may have had it before.

    Raises:
        UploadBusy: somebody else holds it, or the claim has ended.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy(path) from None
    if not claim.lasts():
        fcntl.flock(file, fcntl.LOCK_UN)
        raise _busy(path)


def _busy(path: Path) -> UploadBusy:
    return UploadBusy("another request is writing to this upload session", {"upload": path.name})


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
