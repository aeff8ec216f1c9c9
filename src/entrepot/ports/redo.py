"""Bytes of small blobs, kept in the metadata until the storage has them durably.

A storage may give a blob's content back with its place (`Placed.content`); then the transaction
that makes the blob known keeps it (`Transaction.keep_content`). Whatever takes the blob's row takes
these rows, too. Everything raises MetadataOutage when the database fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.ports.blobs import Location, Upload


@dataclass(frozen=True, slots=True)
class RedoRow:
    """The bytes of one blob.

    Attributes:
        number: for the next page.
        upload: that it came with.
        location: where the storage put it.
        content: all of its bytes.
    """

    number: int
    upload: Upload
    location: Location
    content: bytes


class RedoLog(Protocol):
    """Reads and forgets what transactions have kept."""

    async def waiting(self, before: int, after: int, limit: int) -> list[RedoRow]:
        """List rows by number.

        Args:
            before: those kept before this moment, in microseconds since 1970, UTC.
            after: the number behind which to begin; 0 for the first page.
            limit: rows at most.
        """
        ...

    async def of(self, uploads: Sequence[Upload]) -> list[RedoRow]:
        """Find the rows of some uploads; those that are gone, or taken over, are left out."""
        ...

    async def forget(self, uploads: Sequence[Upload]) -> None:
        """Remove the rows of uploads whose bytes are durable."""
        ...
