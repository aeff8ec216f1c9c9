"""A blob storage whose steps are counted and timed. Assembly puts it around the driver.

Actions have Docker Registry's names where they are the same step: ``Reader`` opens a blob,
``Writer`` opens an upload, ``Delete`` removes a blob; ``Read``, ``Write``, ``Flush`` and ``Commit``
are Entrepot's.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from types import TracebackType
from typing import Self

from entrepot.errors import DamagedBlob
from entrepot.oci.digest import Digest
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.blobs import (
    BlobContent,
    BlobStorage,
    Claim,
    Location,
    Placed,
    Settled,
    StoredBytes,
    StrayUpload,
    Unless,
    UploadPart,
    UploadReader,
    UploadState,
)


class MeteredStorage:
    """Implements `BlobStorage` with another one.

    Args:
        storage: does the work.
        metrics: counts it.
    """

    def __init__(self, storage: BlobStorage, metrics: WorkerMetrics) -> None:
        self._storage = storage
        self._metrics = metrics

    @property
    def minimum_chunk(self) -> int:
        """Bytes that each chunk but the last must have; 0 where any length will do."""
        return self._storage.minimum_chunk

    async def open(self, location: Location, size: int) -> "MeteredContent":
        """Open a blob."""
        began = perf_counter()
        try:
            content = await self._storage.open(location, size)
        except DamagedBlob:
            self._metrics.damaged_blob()
            raise
        finally:
            self._metrics.storage("Reader", perf_counter() - began)
        return MeteredContent(content, self._metrics)

    async def begin(self, upload_id: str, algorithm: str) -> UploadState:
        """Start an upload."""
        state = await self._storage.begin(upload_id, algorithm)
        self._metrics.upload("started")
        return state

    async def append(self, state: UploadState, claim: Claim) -> "MeteredPart":
        """Open the upload for more bytes behind the state."""
        began = perf_counter()
        try:
            part = await self._storage.append(state, claim)
        finally:
            self._metrics.storage("Writer", perf_counter() - began)
        return MeteredPart(part, self._metrics)

    async def follow(self, upload_id: str) -> UploadReader | None:
        """Open an upload for reading while it is written."""
        return await self._storage.follow(upload_id)

    @asynccontextmanager
    async def commit(
        self, state: UploadState, digest: Digest, claim: Claim
    ) -> AsyncIterator[Placed]:
        """Check the bytes against the digest and make them a durable blob."""
        committing = self._storage.commit(state, digest, claim)
        began = perf_counter()
        try:
            placed = await committing.__aenter__()
        finally:
            self._metrics.storage("Commit", perf_counter() - began)
        self._metrics.upload("finished")
        try:
            yield placed
        finally:
            await committing.__aexit__(None, None, None)

    async def abort(self, state: UploadState) -> None:
        """Forget an upload's bytes."""
        await self._storage.abort(state)
        self._metrics.upload("dropped")

    def uploads(self) -> AsyncIterator[StrayUpload]:
        """List the uploads whose bytes are here."""
        return self._storage.uploads()

    async def stored(self, begin: str, after: str, limit: int) -> list[StoredBytes]:
        """List the blobs whose bytes are here."""
        return await self._storage.stored(begin, after, limit)

    async def delete(self, location: Location, unless: Unless | None) -> bool:
        """Remove a blob's bytes."""
        began = perf_counter()
        try:
            return await self._storage.delete(location, unless)
        finally:
            self._metrics.storage("Delete", perf_counter() - began)

    async def settle(self) -> Settled:
        """Make durable what was committed with its content."""
        return await self._storage.settle()

    async def put(self, location: Location, content: bytes) -> None:
        """Make sure that a small blob has its bytes, durably."""
        await self._storage.put(location, content)

    async def check(self) -> None:
        """Return when the storage can be read and written."""
        await self._storage.check()


class MeteredContent:
    """Implements `BlobContent` with another one."""

    __slots__ = ("_content", "_metrics")

    def __init__(self, content: BlobContent, metrics: WorkerMetrics) -> None:
        self._content = content
        self._metrics = metrics

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Give bytes start to stop (exclusive) in large pieces."""
        pieces = self._content.read(start, stop)
        try:
            while True:
                began = perf_counter()
                piece = await anext(pieces, None)
                if piece is None:
                    return
                self._metrics.storage("Read", perf_counter() - began)
                yield piece
        except DamagedBlob:
            self._metrics.damaged_blob()
            raise
        finally:
            # A reader that stops early must not leave the storage's own generator open.
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    def read_now(self, start: int, stop: int) -> bytes | None:
        """Give these bytes when that takes no waiting, else None."""
        began = perf_counter()
        try:
            piece = self._content.read_now(start, stop)
        except DamagedBlob:
            self._metrics.damaged_blob()
            raise
        if piece is not None:
            self._metrics.storage("Read", perf_counter() - began)
        return piece

    def close(self) -> None:
        """Let go of it."""
        self._content.close()


class MeteredPart:
    """Implements `UploadPart` with another one."""

    __slots__ = ("_metrics", "_part")

    def __init__(self, part: UploadPart, metrics: WorkerMetrics) -> None:
        self._part = part
        self._metrics = metrics

    async def write(self, content: bytes) -> None:
        """Take bytes, of any length."""
        began = perf_counter()
        try:
            await self._part.write(content)
        finally:
            self._metrics.storage("Write", perf_counter() - began)

    def checkpoint(self) -> UploadState:
        """Tell the newest state that the end of this process would leave."""
        return self._part.checkpoint()

    async def flush(self) -> UploadState:
        """Hand everything to the storage and tell the state that this makes."""
        began = perf_counter()
        try:
            return await self._part.flush()
        finally:
            self._metrics.storage("Flush", perf_counter() - began)

    async def __aenter__(self) -> Self:
        await self._part.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._part.__aexit__(kind, error, trace)
