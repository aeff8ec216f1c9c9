"""Work in the background, done by exactly one worker of a node at a time.

Whoever holds the lock of RuntimeDirectory.maintenance does it; the lock falls to another worker
when that one ends, however it ends.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from entrepot.errors import EntrepotError
from entrepot.operations.runtime_directory import Lock
from entrepot.operations.worker_task import WorkerTask

logger = logging.getLogger("entrepot.housekeeping")

_TURN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done again and again.

    Attributes:
        name: what the log calls it.
        first: seconds to wait before the first time.
        interval: seconds between the end of one time and the begin of the next.
        work: does it once; safe to run twice, and to be cancelled anywhere.
    """

    name: str
    first: float
    interval: float
    work: Callable[[], Awaitable[None]]


class Housekeeping:
    """Does jobs when it is this worker's turn.

    Args:
        lock: whose holder's turn it is.
        jobs: what is done.
        turn: seconds between two tries to get the turn.
    """

    def __init__(self, lock: Path, jobs: Sequence[Job], turn: float = _TURN_SECONDS) -> None:
        self._path = lock
        self._jobs = jobs
        self._turn = turn
        self._task = WorkerTask("housekeeping", self._run)

    def start(self) -> None:
        """Begin, on the worker's event loop."""
        if self._jobs:
            self._task.start()

    async def stop(self) -> None:
        """Stop what runs, and let another worker have its turn."""
        await self._task.stop()

    async def _run(self) -> None:
        lock = self._take_turn()
        while lock is None:
            await asyncio.sleep(self._turn)
            lock = self._take_turn()
        try:
            async with asyncio.TaskGroup() as group:
                for job in self._jobs:
                    group.create_task(_repeat(job), name=job.name)
        finally:
            lock.release()

    def _take_turn(self) -> Lock | None:
        try:
            return Lock.take(self._path)
        except OSError as error:
            logger.error("no housekeeping: %s", error)
            return None


async def _repeat(job: Job) -> None:
    await asyncio.sleep(job.first)
    while True:
        try:
            await job.work()
        except EntrepotError as error:
            logger.error("%s failed and will be tried again: %s", job.name, error.message)
        except Exception:
            logger.exception("%s failed and will be tried again", job.name)
        await asyncio.sleep(job.interval)
