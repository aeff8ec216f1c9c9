"""Removing uploads that nobody continues, and bytes that belong to no upload at all."""

import uuid
from dataclasses import dataclass, field

from entrepot.errors import StorageOutage, UnknownUpload, UploadBusy
from entrepot.ports.blobs import BlobStorage, StrayUpload, UploadState
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.uploads import UploadSession, UploadSessions

_PAGE = 500
# Longer than a storage takes to forget one upload; it ends by itself when the process dies.
_LEASE = 60 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class PurgedUpload:
    """An upload that was removed, or would have been.

    Attributes:
        upload_id: its id.
        repository: where it was to go; empty for bytes without a session.
        size: bytes that it had received.
    """

    upload_id: str
    repository: str
    size: int


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What a round of purging did.

    Attributes:
        dry_run: whether nothing was removed.
        uploads: what was removed, or would have been.
        failures: what could not be removed: ids and reasons.
    """

    dry_run: bool
    uploads: tuple[PurgedUpload, ...]
    failures: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Round:
    moment: int
    dry_run: bool
    uploads: list[PurgedUpload] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


class Purge:
    """Removes abandoned uploads. Safe to run twice at once, and to be killed anywhere.

    Args:
        sessions: the uploads under way.
        blobs: where their bytes are.
        clock: tells the time.
        holders: what the names of all holders of claims begin with in this process.
    """

    def __init__(
        self, sessions: UploadSessions, blobs: BlobStorage, clock: Clock, holders: str = ""
    ) -> None:
        self._sessions = sessions
        self._blobs = blobs
        self._clock = clock
        self._holders = holders

    async def run(self, age: float, *, dry_run: bool = False) -> PurgeReport:
        """Remove what nobody has touched for some time.

        An upload that a request is writing to is never touched: it has a claim, and the claim is
        needed here too. One that goes on in the last moment is seen to have changed, and is left.

        Args:
            age: seconds since the last touch.
            dry_run: only tell what would be removed.

        Raises:
            MetadataOutage: the database failed.
            StorageOutage: the storage cannot list its uploads.
        """
        current = _Round(self._clock.now() - int(age * MICROSECONDS), dry_run)
        await self._purge_sessions(current)
        await self._purge_strays(current)
        return PurgeReport(dry_run, tuple(current.uploads), tuple(current.failures))

    async def _purge_sessions(self, current: _Round) -> None:
        after = ""
        while page := await self._sessions.idle_since(current.moment, after, _PAGE):
            for session in page:
                if current.dry_run or await self._remove_session(current, session):
                    size = session.state.received
                    current.uploads.append(PurgedUpload(session.id, str(session.repository), size))
            after = page[-1].id

    async def _remove_session(self, current: _Round, session: UploadSession) -> bool:
        holder = f"{self._holders}{uuid.uuid4().hex}"
        now = self._clock.now()
        try:
            claimed = await self._sessions.claim(session.id, holder, now, now + _LEASE)
        except (UnknownUpload, UploadBusy):
            return False
        if claimed.state != session.state:
            await self._sessions.release(claimed.state, holder, self._clock.now())
            return False
        # Bytes first: a session without bytes is found again, and harms nobody meanwhile.
        if not await self._remove_bytes(current, session.state):
            await self._sessions.release(claimed.state, holder, self._clock.now())
            return False
        await self._sessions.finish(session.id, holder)
        return True

    async def _purge_strays(self, current: _Round) -> None:
        gone = {upload.upload_id for upload in current.uploads}
        async for stray in self._blobs.uploads():
            state = stray.state
            if state.upload_id not in gone and await self._is_stray(current, stray):
                if not current.dry_run and not await self._remove_bytes(current, state):
                    continue
                current.uploads.append(PurgedUpload(state.upload_id, "", state.received))

    async def _is_stray(self, current: _Round, stray: StrayUpload) -> bool:
        if stray.touched_at >= current.moment:
            return False
        return await self._sessions.get(stray.state.upload_id) is None

    async def _remove_bytes(self, current: _Round, state: UploadState) -> bool:
        try:
            await self._blobs.abort(state)
        except StorageOutage as error:
            current.failures.append((state.upload_id, error.message))
            return False
        return True
