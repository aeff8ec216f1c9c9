"""Reads every blob now and then, at a bounded rate, and puts the bad ones into quarantine.

A pass goes by the numbers of the rows, so that a new blob, which gets a higher one, is read too.
How far it is is written down between blobs: whoever goes on begins at the first that was not done.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Protocol

from entrepot.config.sizes import count_of
from entrepot.errors import StorageOutage
from entrepot.ports.check import KnownBlob
from entrepot.ports.inspection import BlobInspector
from entrepot.ports.quarantine import Quarantine, Reason
from entrepot.services.pace import Pacer
from entrepot.services.quarantine import Quarantining
from entrepot.services.verify import verify_blob

logger = logging.getLogger("entrepot.scrub")

_PAGE = 100
_BYTES_A_NOTE = 256 * 1024 * 1024
_FAILURES_LOGGED = 10


class BlobRows(Protocol):
    """Lists the rows of blobs."""

    async def blobs(self, after: int, limit: int) -> list[KnownBlob]:
        """List the rows of blobs, in pages that begin behind a number."""
        ...


class ScrubObserver(Protocol):
    """Is told what a pass does."""

    def scrubbed(self, size: int, *, bad: bool) -> None:
        """A blob was read: of these bytes, and bad or not."""
        ...


@dataclass(slots=True)
class ScrubState:
    """How far a pass is.

    Attributes:
        after: number of the last blob that was read.
        blobs: how many were read.
        size: bytes that were read.
        bad: blobs that were put into quarantine, or were in it and still are.
        healed: blobs that were in quarantine, and are whole again.
        failures: blobs that could not be read, for a reason that is not their own.
    """

    after: int = 0
    blobs: int = 0
    size: int = 0
    bad: int = 0
    healed: int = 0
    failures: int = 0

    @classmethod
    def read(cls, text: str) -> "ScrubState":
        """Read what `written` has written; empty at the begin of a pass."""
        return cls(**json.loads(text)) if text else cls()

    def written(self) -> str:
        """Write it down."""
        return json.dumps(asdict(self))

    def summary(self) -> str:
        """Say in one sentence what the pass has done."""
        parts = [
            f"{count_of(self.blobs, 'blob')} with {count_of(self.size, 'byte')} read",
            f"{self.bad} of them bad",
        ]
        if self.healed:
            parts.append(f"{self.healed} whole again")
        if self.failures:
            parts.append(f"{self.failures} could not be read")
        return ", ".join(parts)


class Scrub:
    """Makes passes.

    Args:
        rows: the blobs that are known.
        inspector: reads their bytes.
        quarantine: where those that are whole again are let go.
        quarantining: takes the bad ones.
        rate: bytes a second that are read at most.
        observer: is told of each blob.
    """

    def __init__(
        self,
        rows: BlobRows,
        inspector: BlobInspector,
        quarantine: Quarantine,
        quarantining: Quarantining,
        rate: float,
        observer: ScrubObserver,
    ) -> None:
        self._rows = rows
        self._inspector = inspector
        self._quarantine = quarantine
        self._quarantining = quarantining
        self._pacer = Pacer(rate)
        self._observer = observer

    async def run(self, progress: str, note: Callable[[str], Awaitable[None]]) -> str:
        """Go on with a pass to its end.

        Args:
            progress: what `note` was handed last; empty at the begin.
            note: writes down how far the pass is.

        Returns:
            What the pass has done, in one sentence.

        Raises:
            MetadataOutage: the database failed.
        """
        state = ScrubState.read(progress)
        noted = state.size
        while page := await self._rows.blobs(state.after, _PAGE):
            for known in page:
                await self._scrub(known, state)
                if state.size - noted >= _BYTES_A_NOTE:
                    noted = state.size
                    await note(state.written())
            noted = state.size
            await note(state.written())
        return state.summary()

    async def _scrub(self, known: KnownBlob, state: ScrubState) -> None:
        blob = known.blob
        try:
            reason = await verify_blob(self._inspector, blob, self._pacer)
            bad = await self._act(known, reason, state)
        except StorageOutage as error:
            if state.failures < _FAILURES_LOGGED:  # where the whole disk fails, each blob does
                logger.error("a blob cannot be read: %s", error.message, extra=_fields(known))
            state.failures += 1
            bad = False
        state.after = known.number
        state.blobs += 1
        state.size += blob.size
        state.bad += bad
        self._observer.scrubbed(blob.size, bad=bad)

    async def _act(self, known: KnownBlob, reason: Reason | None, state: ScrubState) -> bool:
        """Do what is to be done about a blob; tell whether it is bad."""
        if known.quarantined_at is not None:
            if reason is not None:
                return True
            if await self._quarantine.release(known.blob, known.quarantined_at):
                logger.info("a blob is correct again, and served again", extra=_fields(known))
                state.healed += 1
            return False
        if reason is None:
            return False

        async def look_again() -> Reason | None:
            return await verify_blob(self._inspector, known.blob, self._pacer)

        return await self._quarantining.put(known.blob, reason, look_again)


def _fields(known: KnownBlob) -> dict[str, dict[str, str]]:
    return {"fields": {"vars.digest": known.blob.digest}}
