"""Blob storage in a directory."""

import os
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from entrepot.drivers.filesystem.commit import CommittedFile, commit_file, put_file
from entrepot.drivers.filesystem.durability import FinalNames, make_directories
from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.layout import OWN_FOLDER, Layout
from entrepot.drivers.filesystem.permission import check_writable, explain, keep_strangers_out
from entrepot.drivers.filesystem.prefix_lock import Held, hold_alone, pause
from entrepot.drivers.filesystem.reader import FileContent, open_blob
from entrepot.drivers.filesystem.removal import remove_file
from entrepot.drivers.filesystem.share import MEBIBYTE, Share
from entrepot.drivers.filesystem.unsettled import UnsettledFile, UnsettledFiles
from entrepot.drivers.filesystem.upload import FileUploadPart, check_present
from entrepot.drivers.filesystem.upload_reader import FileUploadReader, open_upload
from entrepot.drivers.filesystem.walk import stored_page
from entrepot.drivers.threads import Threads
from entrepot.errors import StorageOutage
from entrepot.oci.digest import HEX_LENGTH, Digest
from entrepot.ports.blobs import (
    Claim,
    Location,
    Placed,
    Settled,
    StoredBytes,
    StrayUpload,
    Unless,
    Upload,
    UploadState,
)

# The cheapest (docs/decisions/0003-sending-blobs.md).
LARGEST_READ = MEBIBYTE
# Of a reader that stops: the connection's piece, what TLS makes of it, and the next one.
READS_HELD = 3
# docs/decisions/0020-uploads-through-the-page-cache.md: fewer turns between threads than smaller
# ones take, and they are hashed while the processor's cache still has them.
LARGEST_BATCH = MEBIBYTE
# How long to wait for the commits that go to one of 256 folders; each holds it for one transaction.
_LONGEST_WAIT_SECONDS = 15.0


class FilesystemStorage:
    """Implements `BlobStorage`. `prepare` must have been called on the root once.

    Args:
        root: the root directory.
        threads: how many reads, writes and commits may wait for the disk at once.
    """

    minimum_chunk = 0

    def __init__(self, root: Path, threads: int = 32) -> None:
        self._layout = Layout(root)
        self._uploads = self._layout.uploads
        self._threads = Threads(threads, "storage")
        # Its own: who removes lets others go on, and must not stand in line behind them.
        self._removing = Threads(1, "removing")
        self._reading = Share(largest=LARGEST_READ, held=READS_HELD)
        self._writing = Share(largest=LARGEST_BATCH)
        self._names = FinalNames()
        self._unsettled = UnsettledFiles()
        self._settling = Threads(1, "settling")

    async def open(self, location: Location, size: int) -> FileContent:
        """Open a blob."""
        file = open_blob(self._layout.path(location), location, size)
        return FileContent(file, location, self._threads, self._reading)

    async def begin(self, upload_id: str, algorithm: str) -> UploadState:
        """Start an upload; its first bytes create the file."""
        return UploadState(upload_id, algorithm, 0, b"")

    async def append(self, state: UploadState, claim: Claim) -> FileUploadPart:
        """Open the upload for more bytes behind the state."""
        path = self._uploads / state.upload_id
        if state.received:
            check_present(path, state)
        return FileUploadPart(path, state, claim, self._threads, self._writing)

    async def follow(self, upload_id: str) -> FileUploadReader | None:
        """Open an upload for reading while it is written; None where it has no bytes yet."""
        file = open_upload(self._uploads / upload_id)
        return None if file is None else FileUploadReader(file, self._threads)

    @asynccontextmanager
    async def commit(
        self, state: UploadState, digest: Digest, claim: Claim
    ) -> AsyncIterator[Placed]:
        """Check the bytes against the digest and make them a blob."""
        location = self._layout.location(digest)
        path = self._uploads / state.upload_id
        target = self._layout.path(location)
        upload = Upload(digest, state.upload_id)
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS

        unsynced = self._unsettled.reserve(state.received)

        def work() -> CommittedFile:
            return commit_file(path, target, state, digest, claim, self._names, unsynced=unsynced)

        committed: CommittedFile | None = None
        try:
            while committed is None:
                try:
                    # What waits for no disk costs less than handing it to a thread. In one, it
                    # goes on to its end: who let go of an upload earlier would hand it to the next
                    # writer in the middle of a commit.
                    committed = (
                        work()
                        if unsynced
                        else await self._threads.finish(work, CommittedFile.close)
                    )
                except Held:
                    await _pause_until(deadline, "committing an upload")
            yield Placed(upload, location, committed.content)
        finally:
            if committed is not None:
                os.close(committed.held)
            if committed is not None and committed.file >= 0:
                # Its bytes are kept elsewhere by now, so the disk can wait.
                self._unsettled.add(UnsettledFile(upload, target, committed.file, state.received))
            elif unsynced:
                self._unsettled.cancel(state.received)

    async def settle(self) -> Settled:
        """Make durable what was committed with its content."""
        files = self._unsettled.take()
        if not files:
            return Settled()
        try:
            return await self._settling.finish(lambda: self._unsettled.sync(files))
        finally:
            for file in files:
                self._unsettled.cancel(file.size)

    async def put(self, location: Location, content: bytes) -> None:
        """Make sure that these bytes lie at a location, durably."""
        target = self._layout.path(location)
        scratch = self._uploads / str(uuid.uuid4())
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
        while True:
            try:
                await self._settling.finish(lambda: put_file(scratch, target, content, self._names))
                return
            except Held:
                await _pause_until(deadline, "writing a small blob")

    async def abort(self, state: UploadState) -> None:
        """Forget an upload's bytes."""
        path = self._uploads / state.upload_id
        await self._threads.finish(lambda: _remove_upload(path))

    async def uploads(self) -> AsyncIterator[StrayUpload]:
        """List the uploads whose bytes are here."""
        with translated("listing uploads"):
            entries = os.scandir(self._uploads)
        with entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                state = UploadState(entry.name, "", status.st_size, b"")
                yield StrayUpload(state, status.st_mtime_ns // 1000)

    async def stored(self, begin: str, after: str, limit: int) -> list[StoredBytes]:
        """List the blobs whose bytes are here, and folders that were left empty."""
        return await self._removing.finish(lambda: stored_page(self._layout, begin, after, limit))

    async def delete(self, location: Location, unless: Unless | None) -> bool:
        """Remove a blob's bytes, and the folder that held nothing else."""
        path = self._layout.path(location)
        held = await self._hold_alone(os.path.dirname(os.path.dirname(path)))
        if held is None:
            return True
        try:
            if unless is not None and await unless():
                return False
            await self._removing.finish(lambda: remove_file(path))
            return True
        finally:
            os.close(held)

    async def _hold_alone(self, prefix: str) -> int | None:
        """Hold a folder alone; None where there is no such folder."""
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
        while True:
            try:
                with translated("removing a blob"):
                    return hold_alone(prefix)
            except Held:
                await _pause_until(deadline, "removing a blob")
            except StorageOutage as outage:
                if isinstance(outage.__cause__, FileNotFoundError):
                    return None
                raise

    async def check(self) -> None:
        """Return when a file can be made, synced and removed."""
        await self._threads.finish(lambda: _try_writing(self._uploads))

    def close(self) -> None:
        """Let go of the threads, once they have done what they are at."""
        for threads in (self._threads, self._removing, self._settling):
            threads.close()
        for file in self._unsettled.take():
            os.close(file.file)


def prepare(root: Path) -> None:
    """Make the directories that every upload and blob relies upon, durably.

    Raises:
        StorageOutage: they cannot be made or used; the message names the directory and says why.
    """
    layout = Layout(root)
    try:
        wanted = [layout.uploads, *(layout.blobs / algorithm for algorithm in HEX_LENGTH)]
        make_directories([root / OWN_FOLDER, *wanted])
        for folder in wanted:
            check_writable(folder)
            _check_renaming(layout.uploads, folder)
        for folder in (root / OWN_FOLDER, layout.blobs):
            keep_strangers_out(folder)
    except OSError as error:
        raise StorageOutage(explain(root, error)) from error


def _check_renaming(uploads: Path, folder: Path) -> None:
    """Return when a file can be renamed from one folder to the other.

    Raises:
        StorageOutage: they lie on two file systems.
    """
    if uploads.stat().st_dev != folder.stat().st_dev:
        raise StorageOutage(
            f"{folder} lies on another file system than {uploads}, and an upload becomes a blob by"
            " a rename; mount the whole folder `blobs`, not one within it"
        )


def _remove_upload(path: Path) -> None:
    with translated("removing an upload"):
        path.unlink(missing_ok=True)


async def _pause_until(deadline: float, doing: str) -> None:
    if time.monotonic() > deadline:
        raise StorageOutage(f"a folder of the blob storage stayed locked while {doing}")
    await pause()


def _try_writing(folder: Path) -> None:
    with translated("writing a test file"), tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"entrepot")
        file.flush()
        os.fsync(file.fileno())
