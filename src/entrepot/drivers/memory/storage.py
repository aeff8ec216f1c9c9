"""Blob storage in memory."""

from collections.abc import AsyncIterator

from entrepot.drivers.memory.content import MemoryContent
from entrepot.drivers.memory.shelf import Shelf
from entrepot.drivers.memory.upload import MemoryUploadPart, check_present
from entrepot.errors import DamagedBlob, InvalidDigest
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Location, StrayUpload, UploadState
from entrepot.ports.clock import Clock, SystemClock


class MemoryStorage:
    """Implements `BlobStorage`. What it holds is gone with its process.

    Args:
        shelf: where the bytes lie; a new one where none is given.
        clock: tells when an upload was touched.
    """

    minimum_chunk = 0

    def __init__(self, shelf: Shelf | None = None, clock: Clock | None = None) -> None:
        self._shelf = shelf if shelf is not None else Shelf()
        self._clock = clock if clock is not None else SystemClock()

    async def open(self, location: Location, size: int) -> MemoryContent:
        """Open a blob."""
        content = self._shelf.blobs.get(location)
        if content is None:
            raise DamagedBlob("a blob is missing", {"location": location})
        if len(content) != size:
            raise DamagedBlob(
                f"a blob has {len(content)} bytes where {size} belong", {"location": location}
            )
        return MemoryContent(content, location)

    async def begin(self, upload_id: str, algorithm: str) -> UploadState:
        """Start an upload; its first bytes make it known here."""
        return UploadState(upload_id, algorithm, 0, b"")

    async def append(self, state: UploadState) -> MemoryUploadPart:
        """Open the upload for more bytes behind the state."""
        check_present(self._shelf, state)
        return MemoryUploadPart(self._shelf, state, self._clock)

    async def commit(self, state: UploadState, digest: Digest) -> Location:
        """Check the bytes against the digest and make them a blob."""
        location = Location(digest)
        if self._shelf.committed.get(state.upload_id) == location in self._shelf.blobs:
            return location
        check_present(self._shelf, state)
        upload = self._shelf.uploads.get(state.upload_id)
        content = b"" if upload is None else bytes(upload.content[: state.received])
        found = Digest.of(content, digest.algorithm)
        if found != digest:
            raise InvalidDigest(
                f"the bytes that were received have the digest {found}, not {digest}",
                {"digest": digest, "received": found},
            )
        self._shelf.blobs[location] = content
        self._shelf.committed[state.upload_id] = location
        self._shelf.uploads.pop(state.upload_id, None)
        return location

    async def abort(self, upload_id: str) -> None:
        """Forget an upload's bytes."""
        self._shelf.uploads.pop(upload_id, None)

    async def uploads(self) -> AsyncIterator[StrayUpload]:
        """List the uploads whose bytes are here."""
        for upload_id, upload in list(self._shelf.uploads.items()):
            yield StrayUpload(upload_id, upload.touched_at, len(upload.content))

    async def delete(self, location: Location) -> None:
        """Remove a blob's bytes."""
        self._shelf.blobs.pop(location, None)

    async def check(self) -> None:
        """Return: memory can always be read and written."""

    def close(self) -> None:
        """Do nothing: the shelf may have other users."""
