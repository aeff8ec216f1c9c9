"""Uploading blobs: sessions that any worker can go on with (spec.md, "Pushing blobs")."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count

from entrepot.errors import (
    ClientGone,
    EntrepotError,
    InvalidDigest,
    InvalidRange,
    QuotaExceeded,
    StorageFull,
    UnknownUpload,
    UploadBusy,
)
from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.blobs import BlobStorage, Claim, UploadPart, UploadState
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.metadata import Metadata, StoredBlob, Transaction
from entrepot.ports.uploads import UploadSession, UploadSessions
from entrepot.services.changes import Changes
from entrepot.services.quotas import NoQuotas, Quotas

Body = AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A request's bytes.

    Attributes:
        content: the bytes as they arrive.
        start: the offset that the client says they have; None when it says nothing.
        length: how many there are; None when the client does not say.
    """

    content: Body
    start: int | None = None
    length: int | None = None


class Upload:
    """Takes blobs.

    Args:
        metadata: what exists.
        sessions: the uploads under way.
        blobs: where bytes go.
        access: who may push.
        clock: tells the time.
        lease: seconds after which a claim on a session ends, unless it is renewed.
        holders: what the names of all holders of claims begin with here.
        quotas: how much may lie where.
    """

    def __init__(
        self,
        metadata: Metadata,
        sessions: UploadSessions,
        blobs: BlobStorage,
        access: Access,
        clock: Clock,
        lease: float = 30.0,
        holders: str = "",
        quotas: Quotas | None = None,
    ) -> None:
        self._quotas: Quotas = quotas or NoQuotas()
        self._metadata = metadata
        self._sessions = sessions
        self._blobs = blobs
        self._access = access
        self._clock = clock
        self._lease = int(lease * MICROSECONDS)
        # Names each claim of this process, for ever.
        self._holder = f"{holders}{uuid.uuid4().hex}"
        self._claims = count(1)

    @property
    def minimum_chunk(self) -> int:
        """Bytes that each chunk but the last must have; 0 where any length will do."""
        return self._blobs.minimum_chunk

    async def begin(
        self, caller: Caller, name: RepositoryName, algorithm: str = DEFAULT_ALGORITHM
    ) -> UploadSession:
        """Begin an upload.

        Args:
            caller: who pushes.
            name: into which repository.
            algorithm: of the digest that the upload will be finished with.

        Raises:
            Denied: the caller may not push here.
            QuotaExceeded: there is no room for anything.
        """
        await self._access.require(caller, Action.PUSH, name)
        await self._quotas.opening(name)
        state = await self._blobs.begin(str(uuid.uuid4()), algorithm)
        session = UploadSession(name, caller.name, state, self._clock.now())
        await self._sessions.create(session)
        return session

    async def whole(
        self, caller: Caller, name: RepositoryName, digest: Digest, chunk: Chunk
    ) -> None:
        """Take a blob in one request, without a session; a failure leaves nothing.

        Raises:
            Denied: the caller may not push here.
            QuotaExceeded: there is no room for so many bytes.
            InvalidDigest: the bytes have another digest.
            ClientGone: the bytes stopped before their end.
        """
        await self._access.require(caller, Action.PUSH, name)
        state = await self._blobs.begin(str(uuid.uuid4()), digest.algorithm)
        claim = Claim(state.upload_id, lambda: True)  # nobody else knows of it
        receiving = self._quotas.receiving(
            name, state.upload_id, 0, chunk.content, chunk.length, digest
        )
        try:
            async with receiving as content, await self._blobs.append(state, claim) as part:
                async for piece in content:
                    await part.write(piece)
                state = await part.flush()
            await self._keep(caller, name, state, digest, claim)
        except BaseException:
            await self._blobs.abort(state)
            raise

    async def status(self, caller: Caller, name: RepositoryName, upload_id: str) -> UploadSession:
        """Tell how far an upload is.

        Raises:
            Denied: the caller may not push here.
            UnknownUpload: the repository has no such upload of this caller's.
        """
        await self._access.require(caller, Action.PUSH, name)
        session = await self._sessions.get(upload_id)
        return _checked(session, caller, name, upload_id)

    async def append(
        self, caller: Caller, name: RepositoryName, upload_id: str, chunk: Chunk
    ) -> UploadSession:
        """Take more bytes. What arrived before a client went away is kept.

        Raises:
            Denied: the caller may not push here.
            UnknownUpload: the repository has no such upload of this caller's.
            UploadBusy: another request is writing to it.
            InvalidRange: the chunk does not begin where the upload stands.
            QuotaExceeded: there is no room for so many bytes; the upload is over.
            ClientGone: the bytes stopped before their end.
        """
        claim = await self._claim(caller, name, upload_id)
        try:
            claim.check_start(chunk)
            await self._take(claim, chunk)
            # Where there is no room for the new state either, the bytes must not stay.
            if not await self._release(claim):
                raise _taken_over(claim)
        except (StorageFull, QuotaExceeded):
            await self._give_up(claim)
            raise
        except BaseException:
            await self._release(claim)
            raise
        return claim.session

    async def finish(
        self,
        caller: Caller,
        name: RepositoryName,
        upload_id: str,
        digest: Digest,
        chunk: Chunk,
    ) -> None:
        """Take the last bytes, if any, and make the upload a blob of the repository.

        Raises:
            Denied: the caller may not push here.
            UnknownUpload: the repository has no such upload of this caller's.
            UploadBusy: another request is writing to it.
            InvalidRange: the chunk does not begin where the upload stands.
            InvalidDigest: the bytes have another digest; the upload is over.
            QuotaExceeded: there is no room for so many bytes; the upload is over.
            ClientGone: the bytes stopped before their end; the upload is as it was before.
        """
        claim = await self._claim(caller, name, upload_id)
        before = claim.session
        try:
            claim.check_start(chunk)
            await self._take(claim, chunk, digest)
            with self._holding(claim):
                await self._keep(caller, name, claim.session.state, digest, claim.right)
        except (StorageFull, InvalidDigest, QuotaExceeded):
            await self._give_up(claim)
            raise
        except BaseException:
            # A last chunk is sent again as a whole, so none of it may stay.
            claim.session = before
            await self._release(claim)
            raise
        await self._sessions.finish(upload_id, claim.holder)

    async def cancel(self, caller: Caller, name: RepositoryName, upload_id: str) -> None:
        """End an upload and forget its bytes.

        Raises:
            Denied: the caller may not push here.
            UnknownUpload: the repository has no such upload of this caller's.
            UploadBusy: another request is writing to it.
        """
        await self._give_up(await self._claim(caller, name, upload_id))

    async def _claim(self, caller: Caller, name: RepositoryName, upload_id: str) -> "_Claim":
        await self._access.require(caller, Action.PUSH, name)
        holder = f"{self._holder}-{next(self._claims)}"
        now = self._clock.now()
        session = await self._sessions.claim(upload_id, holder, now, now + self._lease)
        claim = _Claim(session, holder, self._clock, self._lease, renewed_at=now)
        try:
            _checked(session, caller, name, upload_id)
        except UnknownUpload:
            await self._release(claim)
            raise
        return claim

    async def _take(self, claim: "_Claim", chunk: Chunk, digest: Digest | None = None) -> None:
        session = claim.session
        receiving = self._quotas.receiving(
            session.repository,
            session.id,
            session.state.received,
            chunk.content,
            chunk.length,
            digest,
        )
        async with receiving as content:
            piece = await anext(content, None)
            # Without bytes the storage is not asked: a commit that was interrupted may have them.
            if piece is not None:
                await self._write(claim, piece, content)
        if claim.is_stale():
            await self._hold(claim)

    async def _write(self, claim: "_Claim", first: bytes, content: Body) -> None:
        piece: bytes | None = first
        async with await self._blobs.append(claim.session.state, claim.right) as part:
            try:
                while piece is not None:
                    if claim.is_stale():
                        await self._renew(claim, part)
                    await part.write(piece)
                    piece = await anext(content, None)
            except ClientGone:
                await self._settle(claim, part)
                raise
            await self._settle(claim, part)

    async def _settle(self, claim: "_Claim", part: UploadPart) -> None:
        if claim.is_stale():
            await self._renew(claim, part)
        claim.session = replace(claim.session, state=await part.flush())

    async def _renew(self, claim: "_Claim", part: UploadPart) -> None:
        """Hold on to a session for longer; nothing is written to one that was lost meanwhile."""
        claim.session = replace(claim.session, state=part.checkpoint())
        await self._hold(claim)

    async def _hold(self, claim: "_Claim") -> None:
        now = self._clock.now()
        state = claim.session.state
        if not await self._sessions.renew(state, claim.holder, now, now + self._lease):
            raise _taken_over(claim)
        claim.renewed_at = now

    @contextmanager
    def _holding(self, claim: "_Claim") -> Iterator[None]:
        """Hold on to a session while its bytes are committed, however long the disk takes.

        Who took it over would write into what is about to be a blob.
        """
        loop = asyncio.get_running_loop()
        pause = self._lease / 3 / MICROSECONDS
        renewals: list[asyncio.Task[None]] = []
        timer = loop.call_later(
            pause, lambda: renewals.append(loop.create_task(self._hold_on(claim, pause)))
        )
        try:
            yield
        finally:
            timer.cancel()
            for renewal in renewals:
                renewal.cancel()

    async def _hold_on(self, claim: "_Claim", pause: float) -> None:
        with suppress(EntrepotError):  # what is being committed can no longer be called back
            while True:
                await self._hold(claim)
                await asyncio.sleep(pause)

    async def _keep(
        self,
        caller: Caller,
        name: RepositoryName,
        state: UploadState,
        digest: Digest,
        claim: Claim,
    ) -> None:
        refusal: QuotaExceeded | None = None
        # Until the blob is known, nobody may take its bytes for a leftover.
        async with self._blobs.commit(state, digest, claim) as placed:
            now, location = self._clock.now(), placed.location
            blob = kept = StoredBlob(digest, state.received, location)

            async def change(transaction: Transaction) -> StoredBlob:
                changes = await Changes.into(transaction, caller, now, name)
                kept = await transaction.keep_blob(blob, now)
                if placed.content is not None:
                    await transaction.keep_content(placed, now)
                await transaction.link_blob(changes.repository, digest, now)
                return kept

            try:
                kept = await self._metadata.change(self._quotas.guarded(name, change))
            except QuotaExceeded as error:
                refusal = error
        if refusal is not None or kept.location != location:
            await self._blobs.delete(location, lambda: self._metadata.has_location(location))
        if refusal is not None:
            raise refusal

    async def _release(self, claim: "_Claim") -> bool:
        """Let go of a session; False when it was lost before."""
        return await self._sessions.release(claim.session.state, claim.holder, self._clock.now())

    async def _give_up(self, claim: "_Claim") -> None:
        if claim.is_stale():
            with suppress(StorageFull):  # then there is all the more reason to give up
                await self._hold(claim)  # the bytes of one that was lost are another's
        try:
            await self._blobs.abort(claim.session.state)
        except EntrepotError:
            # The row stays with the bytes, so that purging finds both.
            await self._release(claim)
            raise
        await self._sessions.finish(claim.session.id, claim.holder)


@dataclass(slots=True)
class _Claim:
    """A session that this request alone may write to."""

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

    def check_start(self, chunk: Chunk) -> None:
        received = self.session.state.received
        if chunk.start is not None and chunk.start != received:
            raise InvalidRange(
                f"the chunk begins at byte {chunk.start}, the upload stands at {received}",
                received,
                self.session,
            )


def _taken_over(claim: _Claim) -> UploadBusy:
    return UploadBusy(
        "the upload session was taken over by another request", {"upload": claim.session.id}
    )


def _checked(
    session: UploadSession | None, caller: Caller, name: RepositoryName, upload_id: str
) -> UploadSession:
    if session is None or session.repository != name or session.owner != caller.name:
        raise UnknownUpload(
            f"repository {name} has no such upload session", {"upload": upload_id[:100]}
        )
    return session
