"""Downloads of blobs: each by one worker of all, for everybody who wants it.

A download belongs to no client. It is a task of the worker that has claimed the blob's fill; in
each other worker where somebody wants the blob, a task watches the same upload, and goes on with
it when the first worker is gone. Clients follow what these tasks tell (flight.py, following.py).
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Coroutine
from contextlib import suppress
from itertools import count
from typing import Any

from entrepot.errors import (
    EntrepotError,
    InvalidDigest,
    Overloaded,
    StorageOutage,
    UnknownUpload,
    UploadBusy,
    UpstreamFault,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import BlobStorage, UploadReader
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.fills import Fill, Fills, Problem
from entrepot.ports.metadata import Metadata, StoredBlob
from entrepot.ports.uploads import UploadSession, UploadSessions
from entrepot.services.cache import KIBIBYTE, Cache
from entrepot.services.finished_upload import FinishedUploads
from entrepot.services.mirror.failures import error_of, failure_of
from entrepot.services.mirror.flight import STOPPING, Flight
from entrepot.services.mirror.links import MIRROR, MirrorLinks
from entrepot.services.mirror.observer import MirrorObserver, NoObserver
from entrepot.services.mirror.origins import Origin
from entrepot.services.mirror.transfer import FillClaim, Transfer
from entrepot.services.quotas import NoQuotas, Quotas
from entrepot.services.upload_claims import HeldUpload, UploadClaims

logger = logging.getLogger("entrepot.mirror")

_LOOK_SECONDS = 0.02
# Looks at the bytes of another worker's download between two looks at its fill.
_LOOKS = 25
# After the storage had no room, what is missing is passed through for so long.
_NO_ROOM_SECONDS = 30.0
# Downloads at once, most of them waiting for a connection. Nobody may ask for any number.
MOST_FLIGHTS = 512
_OVER_QUOTA_BYTES = 256 * KIBIBYTE


class BlobFills:
    """Downloads blobs of upstreams, each once.

    Args:
        metadata: what exists.
        sessions: the uploads under way.
        fills: what is fetched by whom.
        blobs: where bytes go.
        clock: tells the time.
        lease: seconds after which a claim ends, unless it is renewed.
        holders: what the names of all holders of claims begin with in this process.
        quotas: how much may lie where.
        observer: told what is fetched.
        pause: seconds before a broken transfer is resumed; longer each time.
    """

    def __init__(
        self,
        metadata: Metadata,
        sessions: UploadSessions,
        fills: Fills,
        blobs: BlobStorage,
        clock: Clock,
        lease: float = 30.0,
        holders: str = "",
        quotas: Quotas | None = None,
        observer: MirrorObserver | None = None,
        pause: float = 0.2,
    ) -> None:
        quotas = quotas or NoQuotas()
        self.links = MirrorLinks(metadata, clock, quotas)
        self._finished = FinishedUploads(metadata, blobs, clock, quotas)
        self._claims = UploadClaims(sessions, clock, lease, holders)
        self._sessions = sessions
        self._quotas = quotas
        self._fills = fills
        self._blobs = blobs
        self._clock = clock
        self._lease = int(lease * MICROSECONDS)
        self._observer = observer or NoObserver()
        self._pause = pause
        self._holder = f"{holders}{uuid.uuid4().hex}"
        self._taken = count(1)
        self._flights: dict[str, tuple[Flight, asyncio.Task[None]]] = {}
        self._full_until = 0.0
        self._over_quota: Cache[RepositoryName, bool] = Cache(_OVER_QUOTA_BYTES, _NO_ROOM_SECONDS)

    def has_room(self, name: RepositoryName) -> bool:
        """Tell whether downloads are worth a try; else bytes are passed through for a while."""
        return time.monotonic() >= self._full_until and self._over_quota.get(name) is None

    def begin(
        self, origin: Origin, name: RepositoryName, digest: Digest, named: int | None
    ) -> Flight:
        """Fetch a blob that is not here, unless that is under way; returns at once.

        Args:
            origin: whence it comes.
            name: the repository that is to have it. Another repository has a download of its own:
                the upstream may give the blob to the readers of one and not of the other.
            digest: of the blob.
            named: bytes that a manifest of the repository gives it; None where none names it.

        Raises:
            Overloaded: too many are under way.
        """
        key = f"{origin.host}/{origin.name} {digest}"
        known = self._flights.get(key)
        if known is not None:
            return known[0]
        if len(self._flights) >= MOST_FLIGHTS:
            raise Overloaded("too many blobs are being fetched from other registries")
        flight = Flight(key, origin, name, digest, named)
        self._observer.miss(origin.host)
        task = asyncio.get_running_loop().create_task(self._run(flight), name=f"filling {digest}")
        self._flights[key] = flight, task
        return flight

    async def close(self) -> None:
        """End all downloads; what has arrived is there for whoever goes on."""
        tasks = [task for _, task in self._flights.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, flight: Flight) -> None:
        try:
            while flight.outcome is None:
                holder = f"{self._holder}/{next(self._taken)}"
                now = self._clock.now()
                upload_id = str(uuid.uuid4())
                fill = await self._fills.claim(
                    flight.key, holder, now, now + self._lease, upload_id
                )
                if fill is None:
                    await self._watch(flight)
                else:
                    await self._lead(flight, holder, fill)
        except EntrepotError as error:
            problem = failure_of(error, 0).problem
            if problem is Problem.STORAGE:
                self._full_until = time.monotonic() + _NO_ROOM_SECONDS
            elif problem is Problem.QUOTA:
                self._over_quota.keep(flight.name, value=True)
            flight.end(error)
        except asyncio.CancelledError:
            flight.end(StorageOutage("this registry is stopping", STOPPING))
            raise
        except Exception:
            logger.exception("fetching %s failed", flight.digest)
            flight.end(StorageOutage(f"fetching {flight.digest} failed"))
        finally:
            del self._flights[flight.key]

    async def _lead(self, flight: Flight, holder: str, fill: Fill) -> None:
        """Download a blob whose fill is claimed; tells the others how it went."""
        failing: EntrepotError | None = None
        kept = False
        try:
            # Another worker may have finished it since somebody here saw that it is missing.
            blob = await self.links.find(flight.name, flight.digest)
            if blob is None:
                await self._quotas.opening(flight.name)
                held = await self._hold(flight, fill)
                blob, kept = await self._download(flight, holder, held, fill), True
            await self._fills.finish(flight.key, holder, self._clock.now())
            flight.end(blob)
            return
        except UploadBusy:
            await self._fills.release(flight.key, holder)
            await asyncio.sleep(_LOOK_SECONDS)
            return
        except asyncio.CancelledError:
            await _in_peace(self._fills.release(flight.key, holder))
            raise
        except EntrepotError as error:
            failing = error
        if kept:  # it is here: what failed comes after that
            raise failing
        failure = failure_of(failing, self._clock.now())
        logger.warning("%s was not fetched from %s: %s", flight.digest, flight.origin.host, failing)
        await self._fills.fail(
            flight.key, holder, failure, keep_upload=failure.problem not in _NOTHING_LEFT
        )
        raise failing

    async def _hold(self, flight: Flight, fill: Fill) -> HeldUpload:
        """Become the only writer of a fill's upload, which is begun where there is none."""
        session = await self._sessions.get(fill.upload_id)
        if session is None:
            state = await self._blobs.begin(fill.upload_id, flight.digest.algorithm)
            session = UploadSession(flight.name, MIRROR.name, state, self._clock.now())
            await self._sessions.create(session)
        try:
            return await self._claims.take(MIRROR, session.repository, fill.upload_id)
        except UnknownUpload as error:  # purged this very moment
            raise UploadBusy(error.message) from error

    async def _download(
        self, flight: Flight, holder: str, held: HeldUpload, fill: Fill
    ) -> StoredBlob:
        claim = FillClaim(self._fills, self._claims, flight.key, holder, held, self._lease)
        flight.upload_id = fill.upload_id
        flight.open(fill.size)
        try:
            with claim.renewing():
                await Transfer(self._blobs, flight, claim, self._observer, self._pause).run()
                await claim.renew()
                blob = await self._finished.keep(
                    MIRROR, flight.name, held.session.state, flight.digest, held.right
                )
        except UploadBusy:
            raise
        except (asyncio.CancelledError, EntrepotError) as error:
            await _in_peace(self._let_go(held, error))
            if isinstance(error, InvalidDigest):
                raise UpstreamFault(f"{flight.origin.host}: {error.message}") from error
            raise
        await self._claims.finish(held)
        return blob

    async def _let_go(self, held: HeldUpload, error: BaseException) -> None:
        """Keep what has arrived for the next attempt, unless it is of no use."""
        gone = isinstance(error, EntrepotError) and failure_of(error, 0).problem in _NOTHING_LEFT
        if gone and held.lasts():
            await self._blobs.abort(held.session.state)
            await self._claims.finish(held)
        else:
            await self._claims.release(held)

    async def _watch(self, flight: Flight) -> None:
        """Report another worker's progress until its fill ends or has to be resumed.

        Raises:
            EntrepotError: why it has failed.
        """
        reader: UploadReader | None = None
        try:
            while True:
                fill = await self._fills.find(flight.key)
                if fill is None:
                    blob = await self.links.find(flight.name, flight.digest)
                    if blob is not None:
                        flight.end(blob)
                    return
                if fill.failure is not None:
                    raise error_of(fill.failure)
                if fill.until <= self._clock.now():
                    return
                if flight.upload_id not in ("", fill.upload_id):
                    raise UpstreamFault(f"what {flight.origin.host} sent before was wrong")
                flight.upload_id = fill.upload_id
                flight.open(fill.size)
                reader = reader or await self._blobs.follow(fill.upload_id)
                await self._look(flight, reader)
        finally:
            if reader is not None:
                reader.close()

    async def _look(self, flight: Flight, reader: UploadReader | None) -> None:
        for _ in range(_LOOKS):
            await asyncio.sleep(_LOOK_SECONDS)
            if reader is None:
                return
            flight.reach(reader.size())
            if flight.size is None or flight.received >= flight.size:
                return  # the next that happens is told by the fill


_NOTHING_LEFT = frozenset({Problem.UNKNOWN, Problem.WRONG, Problem.STORAGE, Problem.QUOTA})


async def _in_peace(work: Coroutine[Any, Any, object]) -> None:
    """Tidy up; a failure leaves it to leases and purging."""
    with suppress(EntrepotError):
        await work
