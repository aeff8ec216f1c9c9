"""Upload sessions that a request holds, so that nobody else writes to them."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count

from entrepot.errors import EntrepotError, QuotaExceeded, UnknownUpload, UploadBusy
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Caller
from entrepot.ports.blobs import Claim
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.uploads import EndedUpload, UploadSession, UploadSessions


@dataclass(slots=True)
class HeldUpload:
    """A session that this request alone may write to.

    Attributes:
        session: as it is now; kept by the next renewal or release.
    """

    session: UploadSession
    holder: str
    clock: Clock
    lease: int
    renewed_at: int

    @property
    def right(self) -> Claim:
        """What the storage is told of it."""
        return Claim(self.holder, self.lasts)

    def lasts(self) -> bool:
        """Tell whether nobody else can have taken the session over yet."""
        return self.clock.now() - self.renewed_at < self.lease

    def is_stale(self) -> bool:
        """Tell whether it is time to renew it."""
        return self.clock.now() - self.renewed_at > self.lease // 3

    def taken_over(self) -> UploadBusy:
        """Say that it was lost."""
        return UploadBusy(
            "the upload session was taken over by another request", {"upload": self.session.id}
        )


class UploadClaims:
    """Takes sessions and lets them go.

    Args:
        sessions: the uploads under way.
        clock: tells the time.
        lease: seconds after which a claim ends, unless it is renewed.
        holders: what the names of all holders of claims begin with in this process.
    """

    def __init__(
        self, sessions: UploadSessions, clock: Clock, lease: float, holders: str = ""
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._lease = int(lease * MICROSECONDS)
        # Names each claim of this process, for ever.
        self._holder = f"{holders}{uuid.uuid4().hex}"
        self._taken = count(1)

    async def take(self, caller: Caller, name: RepositoryName, upload_id: str) -> HeldUpload:
        """Become the only writer of an upload.

        Raises:
            UnknownUpload: the repository has no such upload of this caller's.
            UploadBusy: another request is writing to it.
            QuotaExceeded: it was refused with this a short while ago.
        """
        holder = f"{self._holder}-{next(self._taken)}"
        now = self._clock.now()
        try:
            session = await self._sessions.claim(upload_id, holder, now, now + self._lease)
        except UnknownUpload:
            await self.ended(caller, name, upload_id)
            raise
        held = HeldUpload(session, holder, self._clock, self._lease, renewed_at=now)
        try:
            require_own(session, caller, name, upload_id)
        except UnknownUpload:
            await self.release(held)
            raise
        return held

    async def ended(
        self, caller: Caller, name: RepositoryName, upload_id: str
    ) -> EndedUpload | None:
        """Tell how an upload of this caller's has ended, a short while ago.

        Raises:
            QuotaExceeded: with this refusal.
        """
        ended = await self._sessions.ended(upload_id)
        if ended is None or (ended.repository, ended.owner) != (name, caller.name):
            return None
        if ended.refusal is not None:
            raise ended.refusal
        return ended

    async def renew(self, held: HeldUpload) -> None:
        """Keep the session's state, and hold it for longer.

        Raises:
            UploadBusy: it was lost.
        """
        now = self._clock.now()
        state = held.session.state
        if not await self._sessions.renew(state, held.holder, now, now + self._lease):
            raise held.taken_over()
        held.renewed_at = now

    async def release(self, held: HeldUpload) -> bool:
        """Keep the session's state, and let go of it; False when it was lost before."""
        return await self._sessions.release(held.session.state, held.holder, self._clock.now())

    async def finish(self, held: HeldUpload, outcome: Digest | QuotaExceeded | None = None) -> None:
        """Forget a session.

        Args:
            held: the session.
            outcome: what whoever asks once more is told: the blob that it became, or a refusal.
        """
        await self._sessions.finish(held.session.id, held.holder, self._clock.now(), outcome)

    @contextmanager
    def renewing(self, held: HeldUpload) -> Iterator[None]:
        """Hold a session while its bytes are committed, however long the disk takes.

        Who took it over would write into what is about to be a blob.
        """
        loop = asyncio.get_running_loop()
        pause = self._lease / 3 / MICROSECONDS
        renewals: list[asyncio.Task[None]] = []
        timer = loop.call_later(
            pause, lambda: renewals.append(loop.create_task(self._renew_on(held, pause)))
        )
        try:
            yield
        finally:
            timer.cancel()
            for renewal in renewals:
                renewal.cancel()

    async def _renew_on(self, held: HeldUpload, pause: float) -> None:
        with suppress(EntrepotError):  # what is being committed can no longer be called back
            while True:
                await self.renew(held)
                await asyncio.sleep(pause)


def require_own(
    session: UploadSession | None, caller: Caller, name: RepositoryName, upload_id: str
) -> UploadSession:
    """Return a session of this repository and this caller.

    Raises:
        UnknownUpload: it is none.
    """
    if session is None or session.repository != name or session.owner != caller.name:
        raise UnknownUpload(
            f"repository {name} has no such upload session", {"upload": upload_id[:100]}
        )
    return session
