"""Blob storage: opaque bytes at opaque locations.

An upload's life: `begin` gives its first state; each `append` takes a state, and its part gives
the next ones; `commit` makes the bytes a blob and tells its location; `abort` forgets them. A
state is opaque, serialisable, and small (under 1 KiB): whoever holds the newest one may go on, in
any process. Bytes written after the state that is handed to `append` are cut off, so a state is
also the point to which an interrupted upload falls back.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import NewType, Protocol, Self

from entrepot.oci.digest import Digest

Location = NewType("Location", str)
"""Where a blob lies: chosen, and read, by the driver alone."""


@dataclass(frozen=True, slots=True)
class UploadState:
    """How far an upload is.

    Attributes:
        upload_id: the session's id, unique for ever.
        algorithm: of the digest that is computed while bytes arrive.
        received: bytes that are safely in the storage's hands.
        progress: what the driver needs to go on, opaque.
    """

    upload_id: str
    algorithm: str
    received: int
    progress: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write to an upload, which ends by itself unless it is renewed.

    Attributes:
        holder: who has it. Unique for each request, so it can name what two of them must not share.
        lasts: tells whether it still holds. Drivers ask in any thread, right before they write and
            after they have made sure that nobody else does: a request that waited for longer than
            its lease must not write over its successor's bytes.
    """

    holder: str
    lasts: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Upload:
    """Which upload a blob came with: one that is pushed again comes with another."""

    digest: Digest
    id: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A blob in its place.

    Attributes:
        upload: that it came with.
        location: where it lies.
        content: all of its bytes, where they are not durable there yet. Then whoever makes the blob
            known keeps them in the same transaction, until `settle` has told of the upload.
    """

    upload: Upload
    location: Location
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of blobs that were committed with their content.

    Attributes:
        done: are durable where they lie.
        failed: are perhaps not, and never will be by themselves: their content is to be `put`.
    """

    done: tuple[Upload, ...] = ()
    failed: tuple[Upload, ...] = ()


class BlobContent(Protocol):
    """A blob that was found whole and can be read."""

    def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give bytes start to stop (exclusive) in large pieces.

        Raises:
            DamagedBlob: the bytes ended before stop.
            StorageOutage: reading failed.
        """
        ...

    def read_now(self, start: int, stop: int) -> bytes | None:
        """Give these bytes when that takes no waiting, else None; for small pieces."""
        ...

    def close(self) -> None:
        """Let go of it. Closing twice is allowed."""
        ...


class BlobReader(Protocol):
    """Reads blobs."""

    async def open(self, location: Location, size: int) -> BlobContent:
        """Open a blob.

        Args:
            location: where it lies.
            size: bytes that it must have.

        Raises:
            DamagedBlob: it is missing, or larger or smaller than size.
            StorageOutage: the storage failed.
        """
        ...


class UploadPart(Protocol):
    """Takes the bytes of one request. An asynchronous context manager that lets go of it."""

    async def write(self, content: bytes) -> None:
        """Take bytes, of any length; returns when it may be called again.

        Raises:
            UploadBusy: the claim has ended, or an earlier request is still writing after its own.
            StorageFull: there is no room.
            StorageOutage: writing failed.
        """
        ...

    def checkpoint(self) -> UploadState:
        """Tell the newest state that the end of this process would leave. Waits for nothing.

        Bytes that are still gathered, or being written, are not in it.
        """
        ...

    async def flush(self) -> UploadState:
        """Hand everything to the storage and tell the state that this makes: a request's end.

        Raises:
            UploadBusy: the claim has ended, or an earlier request is still writing after its own.
            StorageFull: there is no room.
            StorageOutage: writing failed.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class UploadReader(Protocol):
    """Reads an upload that somebody, in any process, is writing: as far as it is."""

    def size(self) -> int:
        """Tell how many bytes there are now.

        Raises:
            StorageOutage: the storage failed.
        """
        ...

    async def read(self, start: int, limit: int) -> bytes:
        """Give what there is from an offset on, without waiting for more.

        After an upload was resumed, less may be there than before, for a while. What was there
        stays readable when the upload becomes a blob, or is aborted, until this is closed.

        Args:
            start: the offset of the first byte.
            limit: bytes at most.

        Returns:
            The bytes; none where nothing has arrived from this offset on.

        Raises:
            StorageOutage: reading failed.
        """
        ...

    def close(self) -> None:
        """Let go of it. Closing twice is allowed."""
        ...


class BlobWriter(Protocol):
    """Takes uploads. See the module for an upload's life."""

    @property
    def minimum_chunk(self) -> int:
        """Bytes that each chunk but the last must have; 0 where any length will do."""
        ...

    async def begin(self, upload_id: str, algorithm: str) -> UploadState:
        """Start an upload; nothing of it is visible to readers.

        Raises:
            StorageOutage: the storage failed.
        """
        ...

    async def append(self, state: UploadState, claim: Claim) -> UploadPart:
        """Open the upload for more bytes behind the state.

        Args:
            state: the newest one.
            claim: for as long as the part is open.

        Raises:
            UnknownUpload: the storage no longer has the bytes that the state tells of.
            StorageOutage: the storage failed.
        """
        ...

    async def follow(self, upload_id: str) -> UploadReader | None:
        """Open an upload for reading while it is written; None where it has no bytes yet.

        Its bytes are not verified. They are for who knows why they may be shown all the same.

        Raises:
            StorageOutage: the storage failed.
        """
        ...

    def commit(
        self, state: UploadState, digest: Digest, claim: Claim
    ) -> AbstractAsyncContextManager[Placed]:
        """Check the bytes against the digest and make them a blob.

        Inside the block the bytes are durable, or are given with the place, and nobody's `delete`
        removes them: whoever makes the blob known does so before the block ends. Committing a
        digest that the storage has already is allowed and leaves one whole blob.

        Raises:
            InvalidDigest: the bytes have another digest; the upload goes on as it was.
            UnknownUpload: the storage no longer has the bytes that the state tells of.
            UploadBusy: the claim has ended, or an earlier request is still writing after its own.
            StorageFull: there is no room.
            StorageOutage: the storage failed.
        """
        ...

    async def abort(self, state: UploadState) -> None:
        """Forget an upload's bytes; of an unknown one, do nothing.

        Raises:
            StorageOutage: the storage failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class StrayUpload:
    """Bytes of an upload that the storage holds.

    Attributes:
        state: what `abort` takes; its id is the session's that they belong to.
        touched_at: when bytes were last added, in microseconds since 1970, UTC.
    """

    state: UploadState
    touched_at: int


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """Bytes at a location, known or not.

    Attributes:
        location: where they lie.
        touched_at: when they got there, in microseconds since 1970, UTC.
        size: bytes; 0, too, for a place that was made and never filled.
    """

    location: Location
    touched_at: int
    size: int


Unless = Callable[[], Awaitable[bool]]
"""Tells whether a location is needed after all."""


class BlobKeeper(Protocol):
    """Looks after the storage."""

    def uploads(self) -> AsyncIterator[StrayUpload]:
        """List the uploads whose bytes are here, in no order."""
        ...

    async def stored(self, begin: str, after: str, limit: int) -> list[StoredBytes]:
        """List the blobs whose bytes are here, and places that were left empty, by location.

        Args:
            begin: what their locations begin with; empty for all.
            after: the location behind which to begin; empty for the first page.
            limit: places at most.

        Raises:
            StorageOutage: the storage failed.
        """
        ...

    async def delete(self, location: Location, unless: Unless | None) -> bool:
        """Remove a blob's bytes; of a missing one, do nothing.

        Args:
            location: where they lie.
            unless: asked while no commit of the same bytes is between its begin and the end of
                its block; when it says True, nothing is removed. None where nobody else can
                have made them needed.

        Returns:
            False when `unless` has kept them.

        Raises:
            StorageOutage: the storage failed, or a commit held the place for too long.
        """
        ...

    async def settle(self) -> Settled:
        """Make durable what was committed with its content, and whose block has ended.

        Nothing is committed in this way by an instance of which this was never asked.
        """
        ...

    async def put(self, location: Location, content: bytes) -> None:
        """Make sure that a small blob has its bytes, durably; for those kept in a transaction.

        Args:
            location: where it lies, or should.
            content: all of its bytes.

        Raises:
            StorageFull: there is no room.
            StorageOutage: the storage failed, or a removal held the place for too long.
        """
        ...

    async def check(self) -> None:
        """Return when the storage can be read and written.

        Raises:
            StorageOutage: it cannot; the message says why.
        """
        ...


class BlobStorage(BlobReader, BlobWriter, BlobKeeper, Protocol):
    """All of it."""
