"""Uploading blobs: sessions that any worker can go on with (spec.md, "Pushing blobs")."""

import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

from entrepot.errors import (
    ClientGone,
    EntrepotError,
    InvalidDigest,
    InvalidRange,
    QuotaExceeded,
    StorageFull,
    UnknownUpload,
)
from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.blobs import BlobStorage, Claim, UploadPart
from entrepot.ports.clock import Clock
from entrepot.ports.metadata import Metadata
from entrepot.ports.uploads import UploadSession, UploadSessions
from entrepot.services.finished_upload import FinishedUploads
from entrepot.services.quotas import NoQuotas, Quotas
from entrepot.services.upload_claims import HeldUpload, UploadClaims, require_own

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
        holders: what the names of all holders of claims begin with in this process.
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
        self._claims = UploadClaims(sessions, clock, lease, holders)
        self._finished = FinishedUploads(metadata, blobs, clock, self._quotas)

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
            await self._finished.keep(caller, name, state, digest, claim)
        except BaseException:
            await self._blobs.abort(state)
            raise

    async def status(self, caller: Caller, name: RepositoryName, upload_id: str) -> UploadSession:
        """Tell how far an upload is.

        Raises:
            Denied: the caller may not push here.
            UnknownUpload: the repository has no such upload of this caller's.
            QuotaExceeded: it was refused a short while ago.
        """
        await self._access.require(caller, Action.PUSH, name)
        session = await self._sessions.get(upload_id)
        if session is None:
            await self._claims.ended(caller, name, upload_id)
        return require_own(session, caller, name, upload_id)

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
        held = await self._claim(caller, name, upload_id)
        try:
            _check_start(held, chunk)
            await self._take(held, chunk)
            # Where there is no room for the new state either, the bytes must not stay.
            if not await self._claims.release(held):
                raise held.taken_over()
        except QuotaExceeded as refusal:
            await self._give_up(held, refusal)
            raise
        except StorageFull:
            await self._give_up(held)
            raise
        except BaseException:
            await self._claims.release(held)
            raise
        return held.session

    async def finish(
        self,
        caller: Caller,
        name: RepositoryName,
        upload_id: str,
        digest: Digest,
        chunk: Chunk,
    ) -> None:
        """Take the last bytes, if any, and make the upload a blob of the repository.

        A client that did not hear the answer may ask again: what became this blob stays it.

        Raises:
            Denied: the caller may not push here.
            UnknownUpload: the repository has no such upload of this caller's.
            UploadBusy: another request is writing to it.
            InvalidRange: the chunk does not begin where the upload stands.
            InvalidDigest: the bytes have another digest; the upload is over.
            QuotaExceeded: there is no room for so many bytes; the upload is over.
            ClientGone: the bytes stopped before their end; the upload is as it was before.
        """
        try:
            held = await self._claim(caller, name, upload_id)
        except UnknownUpload:
            ended = await self._claims.ended(caller, name, upload_id)
            if ended is None or ended.digest != digest or not await self._has(name, digest):
                raise
            return
        before = held.session
        try:
            _check_start(held, chunk)
            await self._take(held, chunk, digest)
            with self._claims.renewing(held):
                await self._finished.keep(caller, name, held.session.state, digest, held.right)
        except QuotaExceeded as refusal:
            await self._give_up(held, refusal)
            raise
        except (StorageFull, InvalidDigest):
            await self._give_up(held)
            raise
        except BaseException:
            # A last chunk is sent again as a whole, so none of it may stay.
            held.session = before
            await self._claims.release(held)
            raise
        await self._claims.finish(held, digest)

    async def cancel(self, caller: Caller, name: RepositoryName, upload_id: str) -> None:
        """End an upload and forget its bytes.

        Raises:
            Denied: the caller may not push here.
            UnknownUpload: the repository has no such upload of this caller's.
            UploadBusy: another request is writing to it.
        """
        with suppress(QuotaExceeded):  # then it has ended already
            await self._give_up(await self._claim(caller, name, upload_id))

    async def _claim(self, caller: Caller, name: RepositoryName, upload_id: str) -> HeldUpload:
        await self._access.require(caller, Action.PUSH, name)
        return await self._claims.take(caller, name, upload_id)

    async def _has(self, name: RepositoryName, digest: Digest) -> bool:
        return await self._metadata.blob(name, digest) is not None

    async def _take(self, held: HeldUpload, chunk: Chunk, digest: Digest | None = None) -> None:
        session = held.session
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
                await self._write(held, piece, content)
        if held.is_stale():
            await self._claims.renew(held)

    async def _write(self, held: HeldUpload, first: bytes, content: Body) -> None:
        piece: bytes | None = first
        async with await self._blobs.append(held.session.state, held.right) as part:
            try:
                while piece is not None:
                    if held.is_stale():
                        await self._renew(held, part)
                    await part.write(piece)
                    piece = await anext(content, None)
            except ClientGone:
                await self._settle(held, part)
                raise
            await self._settle(held, part)

    async def _settle(self, held: HeldUpload, part: UploadPart) -> None:
        if held.is_stale():
            await self._renew(held, part)
        held.session = replace(held.session, state=await part.flush())

    async def _renew(self, held: HeldUpload, part: UploadPart) -> None:
        """Hold on to a session for longer; nothing is written to one that was lost meanwhile."""
        held.session = replace(held.session, state=part.checkpoint())
        await self._claims.renew(held)

    async def _give_up(self, held: HeldUpload, refusal: QuotaExceeded | None = None) -> None:
        if held.is_stale():
            with suppress(StorageFull):  # then there is all the more reason to give up
                await self._claims.renew(held)  # the bytes of one that was lost are another's
        try:
            await self._blobs.abort(held.session.state)
        except EntrepotError:
            # The row stays with the bytes, so that purging finds both.
            await self._claims.release(held)
            raise
        await self._claims.finish(held, refusal)


def _check_start(held: HeldUpload, chunk: Chunk) -> None:
    received = held.session.state.received
    if chunk.start is not None and chunk.start != received:
        raise InvalidRange(
            f"the chunk begins at byte {chunk.start}, the upload is at {received}",
            received,
            held.session,
        )
