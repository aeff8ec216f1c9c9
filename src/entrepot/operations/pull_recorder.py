"""Gathers what was pulled, and writes it down now and then: a pull itself writes nothing.

Whoever judges by pulls asks for what is gathered first (services/retention/pulls.py), and a worker
looks twice a second whether somebody does. What it has gathered since the last write is lost when
it is killed; never more than the interval's worth. Times are those of the write, so that they are
late by that much at most.
"""

import asyncio
import logging
import time
from contextlib import suppress

from entrepot.errors import EntrepotError
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.operations.worker_task import WorkerTask
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.pulls import PullGatherers, PullTimes

logger = logging.getLogger("entrepot.pulls")

# Manifests that are gathered at most; about 6 MB. From half of it on they are written at once.
_MOST = 20_000
# Rows in one transaction, so that no push waits long for it.
_BATCH = 500
_LOOK_SECONDS = 0.5
# After it nobody waits for a worker that was killed, or is frozen.
_LEASE = 60 * MICROSECONDS


class PullRecorder:
    """Remembers pulls of one worker.

    Args:
        times: where they are written.
        gatherers: where others ask for them.
        name: of this worker among all, NODE/WORKER/.
        clock: tells the time.
        interval: seconds between two writes.
        most: manifests that are held at most.
        look: seconds between two looks whether somebody asks.
    """

    def __init__(
        self,
        times: PullTimes,
        gatherers: PullGatherers,
        name: str,
        clock: Clock,
        interval: float,
        most: int = _MOST,
        look: float = _LOOK_SECONDS,
    ) -> None:
        self._times = times
        self._gatherers = gatherers
        self._name = name
        self._clock = clock
        self._interval = interval
        self._most = most
        self._look = look
        self._pulled: set[tuple[RepositoryName, Digest]] = set()
        self._full = asyncio.Event()
        self._task = WorkerTask("pull times", self._run)

    def note(self, name: RepositoryName, digest: Digest) -> None:
        """Remember that a manifest was pulled."""
        pulled = self._pulled
        if len(pulled) < self._most:
            pulled.add((name, digest))
        if len(pulled) * 2 >= self._most:
            self._full.set()

    async def start(self) -> None:
        """Let others know that there will be something to ask for, and begin."""
        try:
            await self._gatherers.join(self._name, self._clock.now() + _LEASE)
        except EntrepotError as error:
            logger.warning("nobody can ask for pull times now: %s", error.message)
        self._task.start()

    async def stop(self) -> None:
        """Write what is left, and stop."""
        if await self._task.stop():
            await self.flush()
            with suppress(EntrepotError):
                await self._gatherers.leave(self._name)

    async def flush(self) -> bool:
        """Write down what was gathered; what cannot be written is kept for the next time.

        Returns:
            Whether all of it is written.
        """
        pulled, self._pulled = list(self._pulled), set()
        self._full.clear()
        now = self._clock.now()
        written = 0
        try:
            while written < len(pulled):
                await self._times.note(pulled[written : written + _BATCH], now)
                written += _BATCH
        except EntrepotError as error:
            logger.warning("pull times cannot be written now: %s", error.message)
            return False
        finally:
            # An outage, or a stop in the middle: the rest is for the next time.
            room = max(0, self._most - len(self._pulled))
            self._pulled.update(pulled[written : written + room])
        return True

    async def _run(self) -> None:
        written_at = time.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look):
                    await self._full.wait()
            if self._full.is_set() or time.monotonic() - written_at >= self._interval:
                written_at = time.monotonic()
                if not await self.flush():
                    await asyncio.sleep(self._look)
            try:
                await self._answer()
            except EntrepotError as error:
                logger.warning("who asks for pull times is not heard now: %s", error.message)

    async def _answer(self) -> None:
        now = self._clock.now()
        standing = await self._gatherers.look(self._name)
        if standing is None:
            await self._gatherers.join(self._name, now + _LEASE)
        elif standing.asked > standing.answered:
            answered = standing.asked if await self.flush() else standing.answered
            await self._gatherers.answer(self._name, answered, now + _LEASE)
        elif standing.alive_until - now < _LEASE // 2:
            await self._gatherers.answer(self._name, standing.answered, now + _LEASE)
