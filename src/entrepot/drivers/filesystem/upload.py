"""Takes the bytes of an upload: hashed and written in large batches, beside the event loop."""

import asyncio
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from entrepot.drivers.filesystem.direct_buffer import DirectBuffers
from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.hashing import Hasher, new_hasher, restore, save
from entrepot.drivers.filesystem.share import Share
from entrepot.drivers.filesystem.upload_file import BLOCK_BYTES, UploadFile
from entrepot.drivers.threads import Threads
from entrepot.errors import UnknownUpload
from entrepot.ports.blobs import UploadState

# What a thread would cost more for than writing it to the page cache does.
SMALL_BYTES = 64 * 1024
_MAX_BUFFERS = 512  # below IOV_MAX (1024) on every Linux


class FileUploadPart:
    """Implements `UploadPart` on a file.

    One batch is hashed and written in a thread while the next one is gathered, so that at most
    two of them are held.

    Args:
        path: the upload's file; it is made by the first batch.
        state: where the upload stands; what the file holds beyond it is cut off.
        threads: where batches are hashed and written.
        share: how many bytes a batch may have.
        buffers: for writing directly.
    """

    def __init__(
        self,
        path: Path,
        state: UploadState,
        threads: Threads,
        share: Share,
        buffers: DirectBuffers,
    ) -> None:
        self._path = path
        self._share = share
        self._state = state
        self._threads = threads
        self._buffers = buffers
        self._file: UploadFile | None = None
        self._carried = b""
        self._hasher: Hasher | None = None
        self._received = state.received
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        self._writing: asyncio.Future[None] | None = None

    async def write(self, content: bytes) -> None:
        """Take bytes; waits while the batch before the last one is being written."""
        self._batch.append(content)
        self._batch_bytes += len(content)
        if self._batch_bytes >= self._share.size or len(self._batch) >= _MAX_BUFFERS:
            await self._settle()
            self._writing = self._submit(last=False)

    async def flush(self) -> UploadState:
        """Hand everything to the file and tell the state that this makes."""
        await self._settle()
        if self._file is None and 0 < self._batch_bytes <= SMALL_BYTES:
            self._write_batch(*self._take_batch(), True)
        elif self._batch or self._carried:
            self._writing = self._submit(last=True)
            await self._settle()
        progress = self._state.progress
        if self._received != self._state.received:
            progress = save(self._hasher) if self._hasher is not None else b""
        return UploadState(self._state.upload_id, self._state.algorithm, self._received, progress)

    async def __aenter__(self) -> Self:
        self._share.enter()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._share.leave()
        writing, self._writing = self._writing, None
        self._batch = []
        if writing is not None:
            await asyncio.wait([writing])
            writing.exception()
        if self._file is not None:
            self._file.close()

    def _submit(self, *, last: bool) -> asyncio.Future[None]:
        batch, size = self._take_batch()
        return self._threads.run(partial(self._write_batch, batch, size, last))

    def _take_batch(self) -> tuple[list[bytes], int]:
        batch, size = self._batch, self._batch_bytes
        self._batch, self._batch_bytes = [], 0
        return batch, size

    async def _settle(self) -> None:
        if self._writing is not None:
            # Shielded: a batch that is being written is waited for by __aexit__.
            await asyncio.shield(self._writing)
            self._writing = None

    def _write_batch(self, batch: list[bytes], size: int, last: bool) -> None:
        with translated("writing an upload"):
            if self._file is None:
                self._file = UploadFile(self._path, self._received, self._buffers)
                self._hasher = self._begin_hash()
            pieces = [self._carried, *batch]
            size += len(self._carried)
            # Whole blocks only, until the end: then the file can be written directly.
            rest = 0 if last else min(size, (self._file.offset + size) % BLOCK_BYTES)
            self._carried = _cut(pieces, rest)
            self._file.write(pieces, size - rest, self._hasher)
        self._received = self._file.offset

    def _begin_hash(self) -> Hasher | None:
        if self._received == 0:
            return new_hasher(self._state.algorithm)
        return restore(self._state.algorithm, self._state.progress)


def _cut(pieces: list[bytes], rest: int) -> bytes:
    """Take the last bytes off some pieces, and give them."""
    taken: list[bytes] = []
    while rest:
        piece = pieces.pop()
        if len(piece) > rest:
            pieces.append(piece[:-rest])
            piece = piece[-rest:]
        taken.append(piece)
        rest -= len(piece)
    return b"".join(reversed(taken))


def check_present(path: Path, state: UploadState) -> None:
    """Return when the file holds at least what the state tells of.

    Raises:
        UnknownUpload: it does not.
        StorageOutage: the file system failed.
    """
    with translated("looking for an upload"):
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            size = 0
    if size < state.received:
        raise lost(state)


def lost(state: UploadState) -> UnknownUpload:
    """Say that a session's bytes are not there."""
    return UnknownUpload(
        "the bytes of this upload session are lost; begin the upload again",
        {"upload": state.upload_id},
    )
