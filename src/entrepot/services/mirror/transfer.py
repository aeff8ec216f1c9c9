"""One blob's bytes from its upstream into an upload, however often the connection breaks."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace
from typing import Any

from entrepot.errors import (
    EntrepotError,
    UnknownUpload,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.ports.blobs import BlobWriter, UploadPart
from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.fills import Fills
from entrepot.ports.upstream import RemoteBlob
from entrepot.services.mirror.flight import Flight
from entrepot.services.mirror.observer import MirrorObserver
from entrepot.services.upload_claims import HeldUpload, UploadClaims

ATTEMPTS = 6
"""In a row that bring (nearly) nothing; then the transfer has failed."""
# Less than this between two failures is nothing: else a byte at each attempt would take for ever.
_PROGRESS = 64 * 1024
# How long bytes are gathered, at most, before those who follow can read them.
_GATHERING_SECONDS = 0.02
_CHECKPOINT_SECONDS = 1.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class FillClaim:
    """The right to fetch a blob: a claim on its fill and on the upload that takes it.

    Args:
        fills: what is fetched by whom.
        claims: of uploads.
        key: of the fill.
        holder: who has claimed the fill.
        held: the upload.
        lease: microseconds for which both are claimed at each renewal.
    """

    def __init__(
        self,
        fills: Fills,
        claims: UploadClaims,
        key: str,
        holder: str,
        held: HeldUpload,
        lease: int,
    ) -> None:
        self._fills = fills
        self._claims = claims
        self._key = key
        self._holder = holder
        self._lease = lease
        self.held = held

    async def renew(self, size: int | None = None) -> None:
        """Hold on to both, and write down how far the upload is.

        Raises:
            UploadBusy: one was lost.
        """
        await self._claims.renew(self.held)
        until = self.held.clock.now() + self._lease
        if not await self._fills.renew(self._key, self._holder, until, size):
            raise self.held.taken_over()

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Hold on to both until the block ends, however long the upstream and the disk take."""
        task = asyncio.get_running_loop().create_task(self._renew_on())
        try:
            yield
        finally:
            task.cancel()

    async def _renew_on(self) -> None:
        with suppress(EntrepotError):  # what was lost shows at the next write
            while True:
                await asyncio.sleep(self._lease / 3 / MICROSECONDS)
                await self.renew()


class Transfer:
    """Downloads a blob into an upload.

    Args:
        blobs: where bytes go.
        flight: the blob; told of each step.
        claim: the right to do this.
        observer: told of the bytes that came.
        pause: seconds before the second attempt; doubled before each further one.
    """

    def __init__(
        self,
        blobs: BlobWriter,
        flight: Flight,
        claim: FillClaim,
        observer: MirrorObserver,
        pause: float = _FIRST_PAUSE,
    ) -> None:
        self._blobs = blobs
        self._flight = flight
        self._claim = claim
        self._observer = observer
        self._pause = pause

    async def run(self) -> None:
        """Go on from where the upload stands, to the blob's end.

        What has arrived is in the upload's state, however this ends.

        Raises:
            UnknownUpstreamContent: the upstream has no such blob.
            UpstreamOutage: it failed too often; or denies it.
            UpstreamFault: it sends too much.
            UploadBusy: another worker has taken over.
            StorageOutage: the bytes cannot be kept.
        """
        fruitless = 0
        while True:
            before = self._claim.held.session.state.received
            if before and before == self._flight.size:
                self._flight.reach(before)  # only its commit was interrupted
                return
            try:
                await self._attempt()
                return
            except (UpstreamDenied, UpstreamFault):
                raise
            except UpstreamOutage as error:
                came = self._claim.held.session.state.received - before
                fruitless = 0 if came >= _PROGRESS else fruitless + 1
                if fruitless >= ATTEMPTS:
                    raise
                await self._wait(error, fruitless)
                await self._claim.renew()

    async def _wait(self, error: UpstreamOutage, fruitless: int) -> None:
        pause = self._pause * 2 ** max(0, fruitless - 1)
        if isinstance(error, UpstreamBusy) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        await asyncio.sleep(min(pause, _LONGEST_PAUSE))

    async def _attempt(self) -> None:
        flight, claim = self._flight, self._claim
        origin = flight.origin
        async with await self._append() as part:
            start = claim.held.session.state.received
            try:
                async with origin.client.blob(origin.name, flight.digest, start) as remote:
                    flight.open(remote.size)
                    await claim.renew(remote.size)
                    await self._receive(part, remote, start)
            finally:
                # Where the storage has failed, what it had before is what there is.
                with suppress(Exception):
                    claim.held.session = replace(claim.held.session, state=await part.flush())
            claim.held.session = replace(claim.held.session, state=await part.flush())
        received = claim.held.session.state.received
        flight.reach(received)
        if flight.size is not None and received < flight.size:
            raise UpstreamOutage(
                f"{origin.host} sent {received} of the {flight.size} bytes of {flight.digest}"
            )

    async def _append(self) -> UploadPart:
        held = self._claim.held
        try:
            return await self._blobs.append(held.session.state, held.right)
        except UnknownUpload:  # a crash has lost bytes: all of them come again
            begun = await self._blobs.begin(held.session.id, self._flight.digest.algorithm)
            held.session = replace(held.session, state=begun)
            return await self._blobs.append(begun, held.right)

    async def _receive(self, part: UploadPart, remote: RemoteBlob, start: int) -> None:
        flight, claim = self._flight, self._claim
        skipped = start - remote.start
        if skipped < 0:
            raise UpstreamFault(f"{flight.origin.host} left out a part of {flight.digest}")
        loop = asyncio.get_running_loop()
        arrived, noted = start, loop.time()
        async with aclosing(_with_pauses(remote.pieces(), _GATHERING_SECONDS)) as pieces:
            async for piece in pieces:
                if piece is None:
                    await part.flush()
                else:
                    self._observer.received(flight.origin.host, len(piece))
                    if skipped:  # the upstream serves no ranges
                        skipped, piece = max(0, skipped - len(piece)), piece[skipped:]
                    arrived += len(piece)
                    if flight.largest is not None and arrived > flight.largest:
                        raise UpstreamFault(
                            f"{flight.origin.host} sends more than the {flight.largest} bytes of"
                            f" {flight.digest}"
                        )
                    if piece:
                        await part.write(piece)
                state = part.checkpoint()
                flight.reach(state.received)
                if loop.time() - noted >= _CHECKPOINT_SECONDS:
                    claim.held.session = replace(claim.held.session, state=state)
                    await claim.renew()
                    noted = loop.time()


async def _with_pauses(
    pieces: AsyncIterator[bytes], patience: float
) -> AsyncGenerator[bytes | None, None]:
    """Give pieces as they come, and None where none comes: after some seconds, then each second."""
    ahead: asyncio.Task[bytes | None] | None = None

    async def following() -> bytes | None:
        return await anext(pieces, None)

    try:
        while True:
            ahead = asyncio.ensure_future(following())
            done, _ = await asyncio.wait([ahead], timeout=patience)
            while not done:
                yield None
                done, _ = await asyncio.wait([ahead], timeout=_CHECKPOINT_SECONDS)
            piece, ahead = ahead.result(), None
            if piece is None:
                return
            yield piece
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.wait([ahead])
            if not ahead.cancelled():
                ahead.exception()
        closing: Any = getattr(pieces, "aclose", None)
        if closing is not None:
            await closing()
