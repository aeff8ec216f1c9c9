"""Upload sessions: the rows that let any worker go on with an upload.

A session is lost at worst by a power loss, which costs its client a repeated upload; it never
tells what is visible. A claim makes its holder the only writer until it is released or its lease
runs out.

A reservation is room within quotas for the bytes that an upload is receiving. It is kept beside the
sessions, is lost no more easily, and ends by itself: what a registry has is counted by the metadata
alone.
"""

from dataclasses import dataclass
from typing import Protocol

from entrepot.errors import QuotaExceeded
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import UploadState

BOUNDLESS = 2**62
"""Room where there is no quota."""


@dataclass(frozen=True, slots=True)
class UploadSession:
    """One upload.

    Attributes:
        repository: the only one through which it can be reached.
        owner: name of the account that began it; empty for somebody unknown.
        state: how far it is.
        started_at: microseconds since 1970, UTC.
    """

    repository: RepositoryName
    owner: str
    state: UploadState
    started_at: int

    @property
    def id(self) -> str:
        """Its name on the wire."""
        return self.state.upload_id


@dataclass(frozen=True, slots=True)
class EndedUpload:
    """How an upload has ended, for a client that asks once more.

    Attributes:
        repository: the only one through which it could be reached.
        owner: name of the account that began it; empty for somebody unknown.
        digest: of the blob that it became; None when it was refused.
        refusal: why it was refused; None when it became a blob.
    """

    repository: RepositoryName
    owner: str
    digest: Digest | None
    refusal: QuotaExceeded | None = None


class UploadSessions(Protocol):
    """Keeps upload sessions. Everything raises MetadataOutage when the database fails."""

    async def create(self, session: UploadSession) -> None:
        """Keep a new session, unclaimed."""
        ...

    async def get(self, upload_id: str) -> UploadSession | None:
        """Find a session."""
        ...

    async def claim(self, upload_id: str, holder: str, now: int, until: int) -> UploadSession:
        """Become the session's only writer.

        Args:
            upload_id: which session.
            holder: who claims, unique for each request.
            now: microseconds since 1970, UTC.
            until: when the claim ends by itself, in the same unit.

        Raises:
            UnknownUpload: there is no such session.
            UploadBusy: somebody else holds it.
        """
        ...

    async def renew(self, state: UploadState, holder: str, now: int, until: int) -> bool:
        """Keep the newest state and hold on; False when the claim was lost."""
        ...

    async def release(self, state: UploadState, holder: str, now: int) -> bool:
        """Keep the newest state and let go; False when the claim was lost."""
        ...

    async def finish(
        self,
        upload_id: str,
        holder: str,
        now: int = 0,
        outcome: Digest | QuotaExceeded | None = None,
    ) -> None:
        """Forget a session that its holder has made a blob, or has given up.

        Args:
            upload_id: which session.
            holder: who holds it; nothing happens when that is somebody else.
            now: microseconds since 1970, UTC.
            outcome: what `ended` is to tell for some minutes: the blob, or why it was refused.
        """
        ...

    async def ended(self, upload_id: str) -> EndedUpload | None:
        """Tell how a session has ended; None for most, and for all after some minutes."""
        ...

    async def release_all(self, holders: str = "") -> int:
        """Let go of claims whose holders are known to have ended; tell how many.

        Args:
            holders: what the names of these holders begin with: `NODE/worker-` at a start of a
                node, `NODE/worker-N/` at that of a worker; empty for all.
        """
        ...

    async def idle_since(self, moment: int, after: str, limit: int) -> list[UploadSession]:
        """List sessions without a live claim, untouched since a moment, by id.

        Args:
            moment: microseconds since 1970, UTC.
            after: the id behind which to begin; empty for the first page.
            limit: sessions at most.
        """
        ...


@dataclass(frozen=True, slots=True)
class BytesAround:
    """Bytes for a repository, for its namespace and for the registry."""

    repository: int = 0
    namespace: int = 0
    registry: int = 0


class Reservations(Protocol):
    """Keeps reservations. Everything raises MetadataOutage when the database fails.

    Times are microseconds since 1970, UTC.
    """

    async def reserve(
        self,
        upload_id: str,
        name: RepositoryName,
        size: int,
        room: BytesAround,
        now: int,
        until: int,
    ) -> bool:
        """Take room for an upload; what it had taken before is replaced.

        Args:
            upload_id: which upload.
            name: the repository that it is for.
            size: bytes, all of the upload's together.
            room: what is left of the quotas, before any reservation.
            now: the time.
            until: when the reservation ends by itself.

        Returns:
            False when the others have taken so much that it does not fit; nothing changes then.
        """
        ...

    async def reserved(self, name: RepositoryName, now: int, but: str = "") -> BytesAround:
        """Tell what is taken around a repository, leaving out one upload."""
        ...

    async def release(self, upload_id: str) -> None:
        """Give back what an upload has taken, if anything."""
        ...

    async def forget_ended(self, now: int) -> None:
        """Remove reservations that have ended by themselves, which count no longer anyway."""
        ...
