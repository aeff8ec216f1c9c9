"""What a client reads of a blob that is not here yet.

From its beginning on, the bytes of the download as they arrive, but for the last ones: those come
when the digest was verified and the blob is known, so that nobody completes wrong bytes. A part
further on is passed through from the upstream, unless it has arrived; so is everything that cannot
be kept (passing.py).
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from entrepot.errors import (
    EntrepotError,
    StorageOutage,
    UpstreamFault,
)
from entrepot.ports.blobs import BlobStorage, Location, UploadReader
from entrepot.ports.fills import Problem
from entrepot.ports.metadata import StoredBlob
from entrepot.services.mirror.failures import again, failure_of
from entrepot.services.mirror.flight import STOPPING, Flight
from entrepot.services.mirror.origins import Origin
from entrepot.services.mirror.passing import PIECE_BYTES, PassedThrough, close_pieces

# Held back until the blob is known.
_LAST_BYTES = 64 * 1024

NOWHERE = Location("")


@dataclass(frozen=True, slots=True)
class ArrivingBlob(StoredBlob):
    """A blob that lies nowhere yet.

    Attributes:
        origin: whence it comes.
        flight: its download; None where it is passed through.
    """

    origin: Origin | None = None
    flight: Flight | None = None


class FollowedContent:
    """Implements `BlobContent` on a download.

    Args:
        flight: the download.
        blobs: where its bytes are.
        passing: gives what is not to be waited for, or cannot be kept.
        size: bytes that the client was told.
        places: for those who are not to wait for the download. A slow client keeps its connection
            to the upstream for long, so there are few; without one, a part is waited for.
    """

    def __init__(
        self,
        flight: Flight,
        blobs: BlobStorage,
        passing: PassedThrough,
        size: int,
        places: asyncio.Semaphore,
    ) -> None:
        self._flight = flight
        self._blobs = blobs
        self._passing = passing
        self._size = size
        self._places = places
        self._reader: UploadReader | None = None

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Give bytes start to stop (exclusive) as they arrive.

        Raises:
            EntrepotError: the download has failed.
        """
        is_far = start > self._flight.received and self._flight.outcome is None
        if is_far and not self._places.locked():
            async with self._places, aclosing(self._passing.read(start, stop)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        async with aclosing(self._follow(start, stop)) as pieces:
            async for piece in pieces:
                yield piece

    def read_now(self, start: int, stop: int) -> bytes | None:
        """Give nothing: it has not arrived, as far as anybody can say without waiting."""
        return b"" if start == stop else None

    def close(self) -> None:
        """Let go of the upload."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    async def _follow(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        flight, offset = self._flight, start
        while offset < stop:
            changed = flight.changed
            if flight.outcome is not None:
                async with aclosing(self._rest(offset, stop, flight.outcome)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            content = await self._arrived(offset, stop)
            if content:
                offset += len(content)
                yield content
            else:
                await changed.wait()

    async def _arrived(self, offset: int, stop: int) -> bytes:
        flight = self._flight
        limit = min(stop, self._size - _LAST_BYTES) - offset
        if limit <= 0:
            return b""
        if self._reader is None and flight.upload_id:
            self._reader = await self._blobs.follow(flight.upload_id)
        if self._reader is None:
            return b""
        return await self._reader.read(offset, min(limit, PIECE_BYTES))

    async def _rest(
        self, offset: int, stop: int, outcome: StoredBlob | EntrepotError
    ) -> AsyncGenerator[bytes, None]:
        if isinstance(outcome, StoredBlob):
            if outcome.size != self._size:
                raise UpstreamFault(f"{self._flight.digest} has another size than was said first")
            content = await self._blobs.open(outcome.location, outcome.size)
            try:
                stored = content.read(offset, stop)
                try:
                    async for piece in stored:
                        yield piece
                finally:
                    await close_pieces(stored)
            finally:
                content.close()
        elif can_pass(outcome):
            async with aclosing(self._passing.read(offset, stop)) as pieces:
                async for piece in pieces:
                    yield piece
        else:
            raise again(outcome)


def can_pass(error: EntrepotError) -> bool:
    """Tell whether a failed download is no reason not to pass its bytes through."""
    stopping = isinstance(error, StorageOutage) and error.detail == STOPPING
    return failure_of(error, 0).problem in (Problem.STORAGE, Problem.QUOTA) and not stopping
