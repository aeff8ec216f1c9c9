"""Takes the bytes of an upload: hashed and written in large batches, beside the event loop."""

import asyncio
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.hashing import Hasher, new_hasher, restore, save
from entrepot.drivers.filesystem.share import Share
from entrepot.drivers.filesystem.upload_file import UploadFile
from entrepot.drivers.threads import Threads
from entrepot.errors import UnknownUpload
from entrepot.ports.blobs import Claim, UploadState

# A thread would cost more than hashing and writing so little does.
SMALL_BYTES = 64 * 1024
_MAX_BUFFERS = 512  # below IOV_MAX (1024) on every Linux


class FileUploadPart:
    """Implements `UploadPart` on a file.

    One batch is hashed and written in a thread while the next one is gathered, so that at most
    two of them are held.

    Args:
        path: the upload's file; the first batch creates it.
        state: where the upload stands; what the file holds beyond it is cut off.
        claim: the right to write to it.
        threads: where batches are hashed and written.
        share: how many bytes a batch may have.
    """

    def __init__(
        self,
        path: Path,
        state: UploadState,
        claim: Claim,
        threads: Threads,
        share: Share,
    ) -> None:
        self._path = path
        self._share = share
        self._claim = claim
        self._threads = threads
        self._file: UploadFile | None = None
        self._hasher: Hasher | None = None
        # Replaced as a whole by the thread that has written a batch.
        self._state = state
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        self._writing: asyncio.Future[None] | None = None

    async def write(self, content: bytes) -> None:
        """Take bytes; waits while the batch before the last one is being written."""
        self._batch.append(content)
        self._batch_bytes += len(content)
        if self._batch_bytes >= self._share.size or len(self._batch) >= _MAX_BUFFERS:
            await self._settle()
            self._writing = self._submit()

    def checkpoint(self) -> UploadState:
        """Tell the state after the last batch that was written."""
        return self._state

    async def flush(self) -> UploadState:
        """Hand everything to the file and tell the state that this makes."""
        await self._settle()
        if self._file is None and 0 < self._batch_bytes <= SMALL_BYTES:
            self._write_batch(*self._take_batch())
        elif self._batch:
            self._writing = self._submit()
            await self._settle()
        return self._state

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

    def _submit(self) -> asyncio.Future[None]:
        batch, size = self._take_batch()
        return self._threads.run(partial(self._write_batch, batch, size))

    def _take_batch(self) -> tuple[list[bytes], int]:
        batch, size = self._batch, self._batch_bytes
        self._batch, self._batch_bytes = [], 0
        return batch, size

    async def _settle(self) -> None:
        if self._writing is not None:
            # Shielded: a batch that is being written is waited for by __aexit__.
            await asyncio.shield(self._writing)
            self._writing = None

    def _write_batch(self, batch: list[bytes], size: int) -> None:
        state = self._state
        with translated("writing an upload"):
            if self._file is None:
                self._file = UploadFile(self._path, state.received, self._claim)
                self._hasher = _hasher(state)
            self._file.write(batch, size)
            if size > SMALL_BYTES:
                self._file.start_writeback(state.received)
        progress = b""
        if self._hasher is not None:
            for piece in batch:
                self._hasher.update(piece)
            progress = save(self._hasher)
        received = state.received + size
        self._state = UploadState(state.upload_id, state.algorithm, received, progress)


def _hasher(state: UploadState) -> Hasher | None:
    if state.received == 0:
        return new_hasher(state.algorithm)
    return restore(state.algorithm, state.progress)


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
        "the bytes of this upload session are lost; restart the upload",
        {"upload": state.upload_id},
    )
