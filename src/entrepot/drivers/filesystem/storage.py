"""Blob storage in a directory."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from entrepot.drivers.filesystem.commit import commit_file
from entrepot.drivers.filesystem.durability import FinalNames, make_directory
from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.permission import check_writable, explain
from entrepot.drivers.filesystem.reader import FileContent, open_blob
from entrepot.drivers.filesystem.share import MEBIBYTE, Share
from entrepot.drivers.filesystem.upload import FileUploadPart, check_present
from entrepot.drivers.filesystem.upload_file import DirectBuffers
from entrepot.errors import StorageOutage
from entrepot.oci.digest import HEX_LENGTH, Digest
from entrepot.ports.blobs import Location, StrayUpload, UploadState

Result = TypeVar("Result")

# docs/decisions/0003-sending-blobs.md: the cheapest on the server that is used.
LARGEST_READ = MEBIBYTE
# Measured: a reader that stops leaves the server with seven pieces, and one is on its way to it.
READS_HELD = 8
LARGEST_BATCH = MEBIBYTE


class FilesystemStorage:
    """Implements `BlobStorage`. `prepare` must have been called on the root once.

    Args:
        root: the root directory.
        threads: how many reads, writes and commits may wait for the disk at once.
    """

    minimum_chunk = 0

    def __init__(self, root: Path, threads: int = 32) -> None:
        self._layout = Layout(root)
        self._executor = ThreadPoolExecutor(threads, "storage")
        self._reading = Share(largest=LARGEST_READ, held=READS_HELD)
        self._writing = Share(largest=LARGEST_BATCH)
        self._buffers = DirectBuffers()
        self._names = FinalNames()

    async def open(self, location: Location, size: int) -> FileContent:
        """Open a blob."""
        file = open_blob(self._layout.path(location), location, size)
        return FileContent(file, location, self._executor, self._reading)

    async def begin(self, upload_id: str, algorithm: str) -> UploadState:
        """Start an upload; its file is made by its first bytes."""
        return UploadState(upload_id, algorithm, 0, b"")

    async def append(self, state: UploadState) -> FileUploadPart:
        """Open the upload for more bytes behind the state."""
        path = self._layout.upload(state.upload_id)
        if state.received:
            check_present(path, state)
        return FileUploadPart(path, state, self._executor, self._writing, self._buffers)

    async def commit(self, state: UploadState, digest: Digest) -> Location:
        """Check the bytes against the digest and make them a durable blob."""
        location = self._layout.location(digest)
        upload = self._layout.upload(state.upload_id)
        target = self._layout.path(location)
        await self._in_thread(lambda: commit_file(upload, target, state, digest, self._names))
        return location

    async def abort(self, upload_id: str) -> None:
        """Forget an upload's bytes."""
        path = self._layout.upload(upload_id)
        await self._in_thread(lambda: _remove_upload(path))

    async def uploads(self) -> AsyncIterator[StrayUpload]:
        """List the uploads whose bytes are here."""
        with translated("listing uploads"):
            entries = os.scandir(self._layout.uploads)
        with entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield StrayUpload(entry.name, status.st_mtime_ns // 1000, status.st_size)

    async def delete(self, location: Location) -> None:
        """Remove a blob's bytes, and the folder that held nothing else."""
        path = Path(self._layout.path(location))
        await self._in_thread(lambda: _remove(path))

    async def check(self) -> None:
        """Return when a file can be made, synced and removed."""
        await self._in_thread(lambda: _try_writing(self._layout.uploads))

    def close(self) -> None:
        """Let go of the threads, once they have done what they are at."""
        self._executor.shutdown()

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        """Run something in a thread, and wait for its end though the request is cancelled.

        Who let go of an upload earlier would hand it to the next writer in the middle of a commit.
        """
        working = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.wait([working])
            working.exception()  # seen; the cancellation is what the caller is told
            raise


def prepare(root: Path) -> None:
    """Make the directories that every upload and blob relies upon, durably.

    Raises:
        StorageOutage: they cannot be made; the message names the directory and says why.
    """
    layout = Layout(root)
    wanted = [layout.uploads, *(layout.blobs / algorithm for algorithm in HEX_LENGTH)]
    for folder in wanted:
        try:
            make_directory(folder)
            check_writable(folder)
        except OSError as error:
            raise StorageOutage(explain(root, error)) from error


def _remove_upload(path: Path) -> None:
    with translated("removing an upload"):
        path.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    with translated("removing a blob"):
        path.unlink(missing_ok=True)
        try:
            path.parent.rmdir()
        except OSError:
            return  # something else lies there; a sweep will say so


def _try_writing(folder: Path) -> None:
    with translated("writing a test file"), tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"entrepot")
        file.flush()
        os.fsync(file.fileno())
