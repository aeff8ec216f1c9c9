"""The slow full sweep: reads everything, page by page, and queues what the queue has missed.

It removes nothing but stray bytes. What it queues is looked at like everything else, with its
whole grace before it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from entrepot.ports.blobs import BlobKeeper
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.collection import CollectionQueue, CollectionSweep, SweptPage
from entrepot.services.adoption.changes import DirectoryWatch
from entrepot.services.collection.rules import CollectionRules
from entrepot.services.collection.strays import StrayRules, remove_strays
from entrepot.services.collection.tally import CollectionObserver
from entrepot.services.quarantine import Quarantining

_PAGE = 1000
# Of the time; the rest is for those who pull. Measured: see docs/collection.md.
_SHARE = 0.2
_FIRST = (0, 0)
# A folder that was made a moment ago is about to be filled.
_YOUNGEST_STRAY = 60.0

KeepStrays = Callable[[], bool]
Reader = Callable[[tuple[int, int], int], Awaitable[SweptPage]]


class Sweep:
    """Sweeps once. Safe to run twice at once, and to be killed anywhere.

    Args:
        pages: everything, in pages.
        queue: what is looked at next.
        blobs: where bytes are.
        clock: tells the time.
        rules: what may go, and when.
        observer: told of each page.
        share: of the time that is spent on it; 1.0 for all.
        adopted: take what was garbage before the directory was adopted, too. Docker Registry may
            need it: manifests of schema 1, which are not adopted, have their blobs there.
        keep_strays: asked before the files are read; True leaves those that nothing knows.
        directory: of another registry, whose blobs these are too; None where there is none.
        say: told what is worth a warning.
        quarantining: takes blobs whose files are gone out of service; None leaves them to whoever
            pulls them.
    """

    def __init__(
        self,
        pages: CollectionSweep,
        queue: CollectionQueue,
        blobs: BlobKeeper,
        clock: Clock,
        rules: CollectionRules,
        observer: CollectionObserver,
        share: float = _SHARE,
        adopted: bool = False,
        keep_strays: KeepStrays = lambda: False,
        directory: DirectoryWatch | None = None,
        say: Callable[[str], None] = lambda _: None,
        quarantining: Quarantining | None = None,
    ) -> None:
        self._pages = pages
        self._queue = queue
        self._blobs = blobs
        self._clock = clock
        self._rules = rules
        self._observer = observer
        self._share = share
        self._adopted = adopted
        self._keep_strays = keep_strays
        self._directory = directory
        self._say = say
        self._quarantining = quarantining
        self._began = 0.0

    async def run(self) -> None:
        """Read everything.

        Raises:
            MetadataOutage: the database failed.
            StorageOutage: the storage cannot be listed.
        """
        if self._rules.untagged:
            await self._walk("manifests", self._pages.sweep_manifests)
        changes = None if self._directory is None else await self._directory.changes()
        if changes:
            self._say(changes.sentence)
        adopted_at = None if self._adopted else await self._pages.adopted_at()
        since = 0 if self._adopted else await self._pages.tree_read_at() or 0

        async def read_links(after: tuple[int, int], limit: int) -> SweptPage:
            return await self._pages.sweep_links(after, limit, since)

        await self._walk("links", read_links)
        await self._walk("blobs", self._pages.sweep_blobs)
        if self._quarantining is not None:
            await self._quarantine_lost(self._quarantining)
        if self._keep_strays():
            return
        kept = max(self._rules.grace, _YOUNGEST_STRAY if self._rules.grace else 0.0)
        before = self._clock.now() - int(kept * MICROSECONDS)
        if self._directory is None or (self._adopted and not changes):
            rules = StrayRules(before, adopted_at)
        else:
            rules = StrayRules(before, adopted_at, self._directory.named)
        self._began = time.perf_counter()
        await remove_strays(self._queue, self._blobs, rules, self._observer, self._rest)

    async def _walk(self, what: str, read: Reader) -> None:
        after: tuple[int, int] | None = _FIRST
        while after is not None:
            self._began = time.perf_counter()
            page = await read(after, _PAGE)
            self._observer.swept(what, page.looked, page.queued)
            await self._rest()
            after = page.reached

    async def _quarantine_lost(self, quarantining: Quarantining) -> None:
        """Find blobs whose files another program has removed, as Docker Registry's collector does.

        Who pushes such a blob would be told that it is there.
        """
        after = 0
        while page := await self._pages.served_blobs(after, _PAGE):
            self._began = time.perf_counter()
            after = page[-1][0]
            for blob, reason in await quarantining.look_at_all([blob for _, blob in page]):
                await quarantining.put(blob, reason)
            await self._rest()

    async def _rest(self) -> None:
        """Wait as long as the work's share of the time asks for."""
        worked = time.perf_counter() - self._began
        await asyncio.sleep(worked * (1 / self._share - 1))
        self._began = time.perf_counter()
