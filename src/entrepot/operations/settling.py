"""Has a worker's small blobs made durable where they lie, twice a second."""

import asyncio
import logging

from entrepot.errors import EntrepotError
from entrepot.operations.housekeeping import Job
from entrepot.operations.worker_task import WorkerTask
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.services.redo import Redo

logger = logging.getLogger("entrepot.storage")

_INTERVAL_SECONDS = 0.5
# As many in one go mean that the next are waiting already.
_MANY = 200
# What waits for so long was left by a worker that died, or cannot be written.
LEFT_BEHIND_SECONDS = 60.0


class Settling:
    """Settles until it is stopped.

    Args:
        redo: does it.
    """

    def __init__(self, redo: Redo) -> None:
        self._redo = redo
        self._task = WorkerTask("small blobs", self._run)

    def start(self) -> None:
        """Begin, on the worker's event loop."""
        self._task.start()

    async def stop(self) -> None:
        """Settle what is left, and stop. What cannot be settled is left to the next start."""
        if await self._task.stop():
            await self._settle()

    async def _run(self) -> None:
        while True:
            settled = await self._settle()
            await asyncio.sleep(0 if settled >= _MANY else _INTERVAL_SECONDS)

    async def _settle(self) -> int:
        try:
            return await self._redo.settle()
        except EntrepotError as error:
            logger.error("small blobs wait to be written, and are safe: %s", error.message)
        except Exception:
            logger.exception("small blobs wait to be written, and are safe")
        return 0


def replaying_job(redo: Redo, clock: Clock) -> Job:
    """Make the job that writes what a worker has left behind that died."""

    async def work() -> None:
        written = await redo.replay(clock.now() - int(LEFT_BEHIND_SECONDS * MICROSECONDS))
        if written:
            logger.info("wrote %d small blobs that an earlier worker had committed", written)

    return Job("writing small blobs", LEFT_BEHIND_SECONDS, LEFT_BEHIND_SECONDS, work)
