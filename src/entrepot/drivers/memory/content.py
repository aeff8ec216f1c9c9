"""Reads a blob that lies in memory."""

from collections.abc import AsyncIterator

from entrepot.errors import DamagedBlob
from entrepot.ports.blobs import Location

CHUNK_BYTES = 512 * 1024


class MemoryContent:
    """Implements `BlobContent`.

    Args:
        content: all of the blob's bytes.
        location: for messages.
    """

    def __init__(self, content: bytes, location: Location) -> None:
        self._content = content
        self._location = location

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give bytes start to stop (exclusive) in large pieces."""
        for offset in range(start, stop, CHUNK_BYTES):
            piece = self._content[offset : min(offset + CHUNK_BYTES, stop)]
            if piece:
                yield piece
            if offset + len(piece) < min(offset + CHUNK_BYTES, stop):
                raise DamagedBlob(
                    f"a blob ended at {len(self._content)} bytes while {stop} were being read",
                    {"location": self._location},
                )

    def read_now(self, start: int, stop: int) -> bytes | None:
        """Give these bytes; None when the blob ends before them."""
        content = self._content[start:stop]
        return content if len(content) == stop - start else None

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
