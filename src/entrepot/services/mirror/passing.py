"""An upstream's bytes that go to a client and are not kept."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from entrepot.errors import UpstreamDenied, UpstreamFault, UpstreamOutage
from entrepot.oci.digest import Digest
from entrepot.services.mirror.observer import MirrorObserver
from entrepot.services.mirror.origins import Origin

PIECE_BYTES = 256 * 1024
"""The most that is held of a client's bytes."""
# In a row that bring nothing.
_ATTEMPTS = 3


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
                await close_pieces(arriving)


async def close_pieces(pieces: AsyncIterator[bytes]) -> None:
    """End what gives pieces, if it can be ended before its last one."""
    closing: Any = getattr(pieces, "aclose", None)
    if closing is not None:
        await closing()
