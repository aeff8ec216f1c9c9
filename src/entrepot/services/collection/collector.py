"""Looks at the queue: begins graces, removes what nothing needs, and its bytes."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

from entrepot.ports.blobs import BlobKeeper
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.collection import Batch, CollectionQueue
from entrepot.ports.uploads import UploadSessions
from entrepot.services.collection.manifests import begin_graces, collect_manifests
from entrepot.services.collection.pending_deletions import carry_out_deletions
from entrepot.services.collection.pushing import repositories_being_pushed_to
from entrepot.services.collection.rules import CollectionRules
from entrepot.services.collection.tally import CollectionObserver
from entrepot.services.plausible_clock import PlausibleClock

# Small: a transaction holds the database, and while it is made the process answers nobody.
_BATCH = 32
_PAUSE_SECONDS = 0.005


class Collector:
    """Removes what nothing needs. Safe to run many at once, and to be killed anywhere.

    Args:
        queue: what to look at.
        blobs: where bytes are.
        clock: tells the time.
        rules: what may go, and when.
        observer: told of what is removed.
        pause: seconds between two transactions, for others to have their turn.
        sessions: the uploads under way; where there is one, nothing unneeded goes.
        plausible: while it doubts the clock, manifests that only lost their tag stay.
        holders: what the names of all holders of claims begin with in this process.
    """

    def __init__(
        self,
        queue: CollectionQueue,
        blobs: BlobKeeper,
        clock: Clock,
        rules: CollectionRules,
        observer: CollectionObserver,
        pause: float = _PAUSE_SECONDS,
        sessions: UploadSessions | None = None,
        plausible: PlausibleClock | None = None,
        holders: str = "",
    ) -> None:
        self._queue = queue
        self._blobs = blobs
        self._clock = clock
        self._rules = rules
        self._observer = observer
        self._pause = pause
        self._sessions = sessions
        self._plausible = plausible if rules.untagged else None
        self._holder = f"{holders}{uuid.uuid4().hex}"

    async def look(self) -> None:
        """Look at everything that waits, once.

        What comes into the queue through this very look (the blobs of a manifest that goes, the
        children of an index) begins its grace at once.

        Raises:
            MetadataOutage: the database failed.
        """
        await self._date()
        await self._repeat(self._orphaned)
        if self._plausible is None or await self._plausible.is_plausible():
            await self._repeat(self._untagged)
        await self._date()
        # Before their blobs: what can be brought back has them.
        await self._repeat(self._forgotten)
        await self._repeat(self._links)
        await self._repeat(lambda: self._queue.collect_blobs(_BATCH))
        await carry_out_deletions(
            self._queue, self._blobs, self._clock, self._holder, self._observer
        )

    async def _forgotten(self) -> Batch:
        return await self._queue.forget_removed(self._rules.due(self._clock.now()), _BATCH)

    async def _links(self) -> Batch:
        now = self._clock.now()
        busy: frozenset[str] = frozenset()
        if self._sessions is not None and await self._queue.has_due_links(self._rules.due(now)):
            since = now - int(self._rules.grace * MICROSECONDS)
            busy = await repositories_being_pushed_to(self._sessions, since)
        return await self._queue.collect_links(self._rules.due(now), _BATCH, busy)

    async def _date(self) -> None:
        later, untagged = self._rules.slack, self._rules.untagged

        async def step() -> Batch:
            now = self._clock.now
            return Batch(
                await begin_graces(
                    self._queue,
                    now,
                    later,
                    untagged=untagged,
                    limit=_BATCH,
                    mirrors=self._rules.mirrors,
                )
            )

        await self._repeat(step)

    async def _orphaned(self) -> Batch:
        now = self._clock.now()
        return await collect_manifests(
            self._queue,
            self._rules.due(now),
            now,
            orphaned=True,
            untagged=self._rules.untagged,
            limit=_BATCH,
            mirrors=self._rules.mirrors,
        )

    async def _untagged(self) -> Batch:
        now = self._clock.now()
        return await collect_manifests(
            self._queue,
            self._rules.untagged_due(now),
            now,
            orphaned=False,
            untagged=self._rules.untagged,
            limit=_BATCH,
            mirrors=self._rules.mirrors,
        )

    async def _repeat(self, step: Callable[[], Awaitable[Batch]]) -> None:
        while (batch := await step()).looked:
            for removal in batch.removed:
                self._observer.removed(removal)
            await asyncio.sleep(self._pause)
