"""Quarantine: blobs that are known, and whose bytes are gone or wrong.

Such a blob is not served, its existence is denied, so that the next push brings it again, and
manifests that refer to it are served as before. `Transaction.keep_blob` ends it: the bytes that an
upload has just put in place are good.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from entrepot.ports.metadata import StoredBlob


class Reason(StrEnum):
    """What was found."""

    MISSING = "missing"
    WRONG_SIZE = "wrong-size"
    WRONG_BYTES = "wrong-bytes"


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A blob in quarantine.

    Attributes:
        number: of its row: pages begin behind one.
        blob: as its row has it.
        since: microseconds since 1970, UTC.
        reason: what was found.
    """

    number: int
    blob: StoredBlob
    since: int
    reason: Reason


class Quarantine(Protocol):
    """Keeps blobs from being served. Everything raises MetadataOutage when the database fails."""

    async def put(self, blob: StoredBlob, reason: Reason, now: int) -> bool:
        """Put a blob into quarantine; durable when this returns.

        Args:
            blob: as it was when its bytes were looked at.
            reason: what was found.
            now: microseconds since 1970, UTC.

        Returns:
            False when the blob is not known as it was then, or is in quarantine already.
        """
        ...

    async def release(self, blob: StoredBlob, since: int) -> bool:
        """Let a blob be served again; False unless it is in quarantine since that very moment."""
        ...

    async def listed(self, after: int, limit: int) -> list[QuarantinedRow]:
        """List what is in quarantine, by number, in pages that begin behind one."""
        ...
