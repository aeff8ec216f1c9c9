"""Blob storage in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from entrepot.drivers.memory.store import MemoryContent, MemoryStore
from entrepot.drivers.memory.upload import (
    MemoryUploadPart,
    MemoryUploadReader,
    check_held,
    check_present,
)
from entrepot.errors import DamagedBlob, InvalidDigest
from entrepot.oci.digest import Digest
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
from entrepot.ports.clock import Clock, SystemClock

_PAUSE_SECONDS = 0.002


class MemoryStorage:
    """Implements `BlobStorage`. What it holds is gone with its process.

    Args:
        store: where the bytes lie; a new one where none is given.
        clock: tells when an upload was touched.
    """

    minimum_chunk = 0

    def __init__(self, store: MemoryStore | None = None, clock: Clock | None = None) -> None:
        self._store = store if store is not None else MemoryStore()
        self._clock = clock if clock is not None else SystemClock()

    async def open(self, location: Location, size: int) -> MemoryContent:
        """Open a blob."""
        content = self._store.blobs.get(location)
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

    async def append(self, state: UploadState, claim: Claim) -> MemoryUploadPart:
        """Open the upload for more bytes behind the state."""
        check_present(self._store, state)
        return MemoryUploadPart(self._store, state, claim, self._clock)

    async def follow(self, upload_id: str) -> MemoryUploadReader | None:
        """Open an upload for reading while it is written; None where it has no bytes yet."""
        upload = self._store.uploads.get(upload_id)
        return None if upload is None else MemoryUploadReader(upload)

    @asynccontextmanager
    async def commit(
        self, state: UploadState, digest: Digest, claim: Claim
    ) -> AsyncIterator[Placed]:
        """Check the bytes against the digest and make them a blob."""
        location = Location(digest)
        while location in self._store.removing:
            await _pause()
        if self._store.committed.get(state.upload_id) != location or (
            location not in self._store.blobs
        ):
            check_held(state, claim)
            self._keep(state, digest, location)
        self._store.committing[location] += 1
        try:
            yield Placed(Upload(digest, state.upload_id), location)
        finally:
            self._store.committing[location] -= 1

    def _keep(self, state: UploadState, digest: Digest, location: Location) -> None:
        check_present(self._store, state)
        upload = self._store.uploads.get(state.upload_id)
        content = b"" if upload is None else bytes(upload.content[: state.received])
        found = Digest.of(content, digest.algorithm)
        if found != digest:
            raise InvalidDigest(
                f"the bytes that were received have the digest {found}, not {digest}",
                {"digest": digest, "received": found},
            )
        self._store.blobs[location] = content
        self._store.touched_at[location] = self._clock.now()
        self._store.committed[state.upload_id] = location
        self._store.uploads.pop(state.upload_id, None)

    async def abort(self, state: UploadState) -> None:
        """Forget an upload's bytes."""
        self._store.uploads.pop(state.upload_id, None)

    async def uploads(self) -> AsyncIterator[StrayUpload]:
        """List the uploads whose bytes are here."""
        for upload_id, upload in list(self._store.uploads.items()):
            state = UploadState(upload_id, "", len(upload.content), b"")
            yield StrayUpload(state, upload.touched_at)

    async def stored(self, begin: str, after: str, limit: int) -> list[StoredBytes]:
        """List the blobs whose bytes are here."""
        wanted = sorted(
            location
            for location in self._store.blobs
            if location > after and location.startswith(begin)
        )
        return [
            StoredBytes(
                location, self._store.touched_at.get(location, 0), len(self._store.blobs[location])
            )
            for location in wanted[:limit]
        ]

    async def delete(self, location: Location, unless: Unless | None) -> bool:
        """Remove a blob's bytes."""
        while self._store.committing[location] or location in self._store.removing:
            await _pause()
        self._store.removing.add(location)
        try:
            if unless is not None and await unless():
                return False
            self._store.blobs.pop(location, None)
            self._store.touched_at.pop(location, None)
            return True
        finally:
            self._store.removing.remove(location)

    async def settle(self) -> Settled:
        """Do nothing: nothing is committed with its content."""
        return Settled()

    async def put(self, location: Location, content: bytes) -> None:
        """Take these bytes for a blob's."""
        self._store.blobs[location] = content
        self._store.touched_at[location] = self._clock.now()

    async def check(self) -> None:
        """Return: memory can always be read and written."""

    def close(self) -> None:
        """Do nothing: the store may have other users."""


async def _pause() -> None:
    await asyncio.sleep(_PAUSE_SECONDS)
