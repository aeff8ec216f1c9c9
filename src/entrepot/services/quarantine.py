"""Decides what becomes of a blob whose bytes were found to be gone or wrong.

A file that is missing or of another size is certain, and a client that pushes would be told that
the blob is there: so whoever finds it puts the blob into quarantine at once, a pull included.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from entrepot.errors import Outage
from entrepot.ports.blobs import BlobKeeper
from entrepot.ports.clock import Clock
from entrepot.ports.inspection import BlobInspector
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.quarantine import Quarantine, Reason

logger = logging.getLogger("entrepot.quarantine")

LookAgain = Callable[[], Awaitable[Reason | None]]
"""Looks at a blob's bytes once more; None when they are as they should be."""


class Quarantining:
    """Puts blobs into quarantine.

    Args:
        quarantine: where they are marked.
        blobs: where their bytes should be.
        inspector: looks at them.
        clock: tells the time.
    """

    def __init__(
        self, quarantine: Quarantine, blobs: BlobKeeper, inspector: BlobInspector, clock: Clock
    ) -> None:
        self._quarantine = quarantine
        self._blobs = blobs
        self._inspector = inspector
        self._clock = clock

    async def look(self, blob: StoredBlob) -> Reason | None:
        """Tell whether a blob's file is there and has the right size.

        Raises:
            StorageOutage: the storage failed.
        """
        damaged = await self.look_at_all([blob])
        return damaged[0][1] if damaged else None

    async def look_at_all(self, blobs: Sequence[StoredBlob]) -> list[tuple[StoredBlob, Reason]]:
        """Give those of many blobs whose files are missing or have another size.

        Raises:
            StorageOutage: the storage failed.
        """
        sizes = await self._inspector.sizes([blob.location for blob in blobs])
        return [
            (blob, Reason.MISSING if size is None else Reason.WRONG_SIZE)
            for blob, size in zip(blobs, sizes, strict=True)
            if size != blob.size
        ]

    async def put(
        self, blob: StoredBlob, reason: Reason, look_again: LookAgain | None = None
    ) -> bool:
        """Put a blob into quarantine, unless its bytes turn out to be good.

        The blob may have been collected and pushed again between the look that found the damage
        and the mark. A push puts the bytes in place before it writes the row, so looking once
        more behind the mark sees them.

        Args:
            blob: as it was found.
            reason: what is wrong with its bytes.
            look_again: how to look once more; None looks for the file and its size.

        Returns:
            Whether it is in quarantine by this call.

        Raises:
            MetadataOutage: the database failed.
            StorageOutage: the storage as a whole cannot be used, so that this blob says nothing.
        """
        await self._blobs.check()
        since = self._clock.now()
        if not await self._quarantine.put(blob, reason, since):
            return False
        still = await (look_again() if look_again is not None else self.look(blob))
        if still is None:
            await self._quarantine.release(blob, since)
            return False
        logger.error(
            "a blob was quarantined: its bytes are %s; the next push repairs it",
            "missing" if still is Reason.MISSING else "wrong",
            extra={
                "fields": {
                    "vars.digest": blob.digest,
                    "reason": str(still),
                    "location": blob.location,
                }
            },
        )
        return True

    async def found_while_serving(self, blob: StoredBlob) -> bool:
        """Do the same for a pull: what fails here must not change what the client is told.

        Returns:
            Whether its bytes are damaged for certain.
        """
        try:
            reason = await self.look(blob)
            if reason is None:
                return False
            # Another pull may have been first: then the blob is no better for that.
            return await self.put(blob, reason) or await self.look(blob) is not None
        except Outage as error:
            logger.warning("a damaged blob cannot be put into quarantine: %s", error.message)
            return False
