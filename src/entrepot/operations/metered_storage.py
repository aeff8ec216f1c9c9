"""A blob storage whose steps are counted and timed. Assembly puts it around the driver.

Only what is counted stands here; everything else of the port is the driver's own.

Actions have Docker Registry's names where they are the same step: ``Reader`` opens a blob,
``Writer`` opens an upload, ``Delete`` removes a blob; ``Read``, ``Write``, ``Flush`` and ``Commit``
are Entrepot's.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import perf_counter
from types import TracebackType
from typing import Any, Self, cast

from entrepot.errors import DamagedBlob
from entrepot.oci.digest import Digest
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.blobs import (
    BlobContent,
    BlobStorage,
    Claim,
    Location,
    Placed,
    Unless,
    UploadPart,
    UploadState,
)


def metered(storage: BlobStorage, metrics: WorkerMetrics) -> BlobStorage:
    """Give a storage whose steps are counted.

    Args:
        storage: does the work.
        metrics: counts it.
    """
    return cast("BlobStorage", _MeteredStorage(storage, metrics))


class _MeteredStorage:
    """Implements what is counted of `BlobStorage`."""

    def __init__(self, storage: BlobStorage, metrics: WorkerMetrics) -> None:
        self._storage = storage
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def open(self, location: Location, size: int) -> BlobContent:
        """Open a blob."""
        began = perf_counter()
        try:
            content = await self._storage.open(location, size)
        except DamagedBlob:
            self._metrics.damaged_blob()
            raise
        finally:
            self._metrics.storage("Reader", perf_counter() - began)
        return cast("BlobContent", _MeteredContent(content, self._metrics))

    async def begin(self, upload_id: str, algorithm: str) -> UploadState:
        """Start an upload."""
        state = await self._storage.begin(upload_id, algorithm)
        self._metrics.upload("started")
        return state

    async def append(self, state: UploadState, claim: Claim) -> UploadPart:
        """Open the upload for more bytes behind the state."""
        began = perf_counter()
        try:
            part = await self._storage.append(state, claim)
        finally:
            self._metrics.storage("Writer", perf_counter() - began)
        return cast("UploadPart", _MeteredPart(part, self._metrics))

    @asynccontextmanager
    async def commit(
        self, state: UploadState, digest: Digest, claim: Claim
    ) -> AsyncIterator[Placed]:
        """Check the bytes against the digest and make them a durable blob."""
        async with AsyncExitStack() as committing:
            began = perf_counter()
            try:
                placed = await committing.enter_async_context(
                    self._storage.commit(state, digest, claim)
                )
            finally:
                self._metrics.storage("Commit", perf_counter() - began)
            self._metrics.upload("finished")
            yield placed

    async def abort(self, state: UploadState) -> None:
        """Forget an upload's bytes."""
        await self._storage.abort(state)
        self._metrics.upload("dropped")

    async def delete(self, location: Location, unless: Unless | None) -> bool:
        """Remove a blob's bytes."""
        began = perf_counter()
        try:
            return await self._storage.delete(location, unless)
        finally:
            self._metrics.storage("Delete", perf_counter() - began)


class _MeteredContent:
    """Implements what is counted of `BlobContent`."""

    __slots__ = ("_content", "_metrics")

    def __init__(self, content: BlobContent, metrics: WorkerMetrics) -> None:
        self._content = content
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

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


class _MeteredPart:
    """Implements what is counted of `UploadPart`."""

    __slots__ = ("_metrics", "_part")

    def __init__(self, part: UploadPart, metrics: WorkerMetrics) -> None:
        self._part = part
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)

    async def write(self, content: bytes) -> None:
        """Take bytes, of any length."""
        began = perf_counter()
        try:
            await self._part.write(content)
        finally:
            self._metrics.storage("Write", perf_counter() - began)

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
