"""What a client reads of a blob that is not here yet.

From its beginning on, the bytes of the download as they arrive, but for the last ones: those come
when the digest was verified and the blob is known, so that nobody completes wrong bytes. A part
further on is passed through from the upstream, unless it has arrived; so is everything that cannot
be kept.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from entrepot.errors import (
    EntrepotError,
    StorageOutage,
    UpstreamDenied,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStorage, Location, UploadReader
from entrepot.ports.fills import Problem
from entrepot.ports.metadata import StoredBlob
from entrepot.services.mirror.failures import again, failure_of
from entrepot.services.mirror.flight import STOPPING, Flight
from entrepot.services.mirror.observer import MirrorObserver
from entrepot.services.mirror.origins import Origin

PIECE_BYTES = 256 * 1024
# Held back until the blob is known.
_LAST_BYTES = 64 * 1024
# In a row that bring nothing.
_ATTEMPTS = 3

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


class PassedThrough:
    """Implements `BlobContent`: the upstream's bytes, of which nothing is kept.

    Args:
        origin: whence they come.
        digest: of the blob.
        size: bytes of the blob.
        observer: told of the bytes.
    """

    def __init__(self, origin: Origin, digest: Digest, size: int, observer: MirrorObserver) -> None:
        self._origin = origin
        self._digest = digest
        self._size = size
        self._observer = observer

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Give bytes start to stop (exclusive); a whole blob's end only when it is the right one.

        Raises:
            UpstreamOutage: they stopped before stop.
            UpstreamFault: the whole has another digest.
        """
        whole = start == 0 and stop == self._size
        hasher = hashlib.new(self._digest.algorithm) if whole else None
        held = b""
        async with aclosing(self._resumed(start, stop)) as pieces:
            async for piece in pieces:
                if hasher is None:
                    yield piece
                    continue
                hasher.update(piece)
                if held:
                    yield held
                held = piece
        if hasher is None:
            return
        if hasher.hexdigest() != self._digest.hex:
            raise UpstreamFault(f"{self._origin.host} sent wrong bytes for {self._digest}")
        if held:
            yield held

    def read_now(self, start: int, stop: int) -> bytes | None:
        """Give nothing: all of it has to be waited for."""
        return b"" if start == stop else None

    def close(self) -> None:
        """Do nothing: a connection is open while it is read."""

    async def _resumed(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Give bytes, and go on where a connection broke."""
        offset, fruitless = start, 0
        while offset < stop:
            before = offset
            try:
                async with aclosing(self._once(offset, stop)) as pieces:
                    async for piece in pieces:
                        offset += len(piece)
                        yield piece
                if offset < stop:
                    raise UpstreamOutage(
                        f"{self._origin.host} sent {offset} of the {stop} bytes of {self._digest}"
                    )
            except (UpstreamDenied, UpstreamFault):
                raise
            except UpstreamOutage:
                fruitless = 0 if offset > before else fruitless + 1
                if fruitless >= _ATTEMPTS:
                    raise

    async def _once(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        origin, offset = self._origin, start
        async with origin.client.blob(origin.name, self._digest, start) as remote:
            skipped = start - remote.start
            if skipped < 0:
                raise UpstreamFault(f"{origin.host} left out a part of {self._digest}")
            arriving = remote.pieces()
            try:
                async for piece in arriving:
                    self._observer.received(origin.host, len(piece))
                    wanted = piece[skipped : skipped + stop - offset] if skipped else piece
                    skipped = max(0, skipped - len(piece))
                    for at in range(0, min(len(wanted), stop - offset), PIECE_BYTES):
                        part = wanted[at : min(at + PIECE_BYTES, stop - offset + at)]
                        offset += len(part)
                        yield part
                    if offset >= stop:
                        return
            finally:
                await _close(arriving)


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
                    await _close(stored)
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


async def _close(pieces: AsyncIterator[bytes]) -> None:
    closing: Any = getattr(pieces, "aclose", None)
    if closing is not None:
        await closing()
