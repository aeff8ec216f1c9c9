"""Gathers what was pulled, and writes it down now and then: a pull itself writes nothing.

What a worker has gathered since the last write is lost when it is killed; never more than the
interval's worth. Times are those of the write, so that they are late by that much at most.
"""

import asyncio
import logging
from contextlib import suppress

from entrepot.errors import EntrepotError
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.operations.worker_task import WorkerTask
from entrepot.ports.clock import Clock
from entrepot.ports.pulls import PullTimes

logger = logging.getLogger("entrepot.pulls")

# Manifests that are gathered before they are written ahead of time; about 6 MB.
_MOST = 20_000
# Rows in one transaction, so that no push waits long for it.
_BATCH = 500


class PullRecorder:
    """Remembers pulls of one worker.

    Args:
        times: where they are written.
        clock: tells the time.
        interval: seconds between two writes.
        most: manifests that are held at most; one more makes it write at once.
    """

    def __init__(self, times: PullTimes, clock: Clock, interval: float, most: int = _MOST) -> None:
        self._times = times
        self._clock = clock
        self._interval = interval
        self._most = most
        self._pulled: set[tuple[RepositoryName, Digest]] = set()
        self._full = asyncio.Event()
        self._task = WorkerTask("pull times", self._run)

    def note(self, name: RepositoryName, digest: Digest) -> None:
        """Remember that a manifest was pulled."""
        pulled = self._pulled
        if len(pulled) < self._most:
            pulled.add((name, digest))
        else:
            self._full.set()

    def start(self) -> None:
        """Begin, on the worker's event loop."""
        self._task.start()

    async def stop(self) -> None:
        """Write what is left, and stop."""
        if await self._task.stop():
            await self.flush()

    async def flush(self) -> None:
        """Write down what was gathered; what cannot be written is kept for the next time."""
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
        finally:
            # An outage, or a stop in the middle: the rest is for the next time.
            room = max(0, self._most - len(self._pulled))
            self._pulled.update(pulled[written : written + room])

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._full.wait()
            await self.flush()
