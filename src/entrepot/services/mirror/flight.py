"""A blob that is arriving, as everybody in this worker sees it, whoever downloads it."""

import asyncio

from entrepot.errors import EntrepotError
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import StoredBlob
from entrepot.services.mirror.failures import again
from entrepot.services.mirror.origins import Origin

STOPPING = {"stopping": True}
"""The detail of the failure of a download whose worker ends."""


class Flight:
    """A blob's way here, from its first request to its end.

    Args:
        key: of its fill.
        origin: whence it comes.
        name: the repository that is to have it.
        digest: of the blob.
        named: bytes that a manifest gives it; None where none names it.

    Attributes:
        upload_id: of the upload that takes it; empty while there is none.
        size: bytes of the whole, as the upstream says; None while it has said nothing.
        received: bytes that can be read; fewer for a while after a resume.
        outcome: the blob, or why there is none; None until its end.
    """

    def __init__(
        self,
        key: str,
        origin: Origin,
        name: RepositoryName,
        digest: Digest,
        named: int | None = None,
    ) -> None:
        self.key = key
        self.origin = origin
        self.digest = digest
        self.named = named
        self.name = name
        self.upload_id = ""
        self.size: int | None = None
        self.received = 0
        self.outcome: StoredBlob | EntrepotError | None = None
        self._changed = asyncio.Event()

    @property
    def changed(self) -> asyncio.Event:
        """Is set at the next change. To be taken before looking at anything else here."""
        return self._changed

    @property
    def largest(self) -> int | None:
        """Bytes that it can have at most; None where nobody has said."""
        said = [size for size in (self.size, self.named) if size is not None]
        return max(said) if said else None

    def open(self, size: int | None) -> None:
        """The upstream gives it, and tells its size, perhaps."""
        if size is not None and size != self.size:
            self.size = size
            self._tell()

    def reach(self, received: int) -> None:
        """So much can be read by now."""
        if received != self.received:
            self.received = received
            self._tell()

    def end(self, outcome: StoredBlob | EntrepotError) -> None:
        """It is here, or will not come."""
        if self.outcome is None:
            self.outcome = outcome
            if isinstance(outcome, StoredBlob):
                self.size = self.received = outcome.size
            self._tell()

    async def opened(self) -> int:
        """Wait until its size is known; gives it, in bytes.

        Raises:
            EntrepotError: it will not come.
        """
        while True:
            changed = self._changed
            if isinstance(self.outcome, EntrepotError):
                raise again(self.outcome)
            if self.size is not None:
                return self.size
            await changed.wait()

    async def ended(self) -> StoredBlob:
        """Wait until it is here.

        Raises:
            EntrepotError: it will not come.
        """
        while self.outcome is None:
            await self._changed.wait()
        if isinstance(self.outcome, EntrepotError):
            raise again(self.outcome)
        return self.outcome

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
