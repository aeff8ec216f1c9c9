"""Work that all workers share: one does it, and the others wait for what comes of it."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Generic, TypeVar

from entrepot.errors import EntrepotError, Overloaded
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.fills import Fills
from entrepot.services.mirror.failures import error_of, failure_of

logger = logging.getLogger("entrepot.mirror")

Result = TypeVar("Result")

# Longer than an upstream is waited for. Nobody else is hurt when two do the same work.
_LEASE = 60 * MICROSECONDS
_LOOK_SECONDS = 0.02
MOST_AT_ONCE = 1024


class SharedWork(Generic[Result]):
    """Does each piece of work once at a time. It goes on when those who asked for it leave.

    Args:
        fills: what is done by whom.
        clock: tells the time.
        holders: what the names of all holders of claims begin with in this process.
    """

    def __init__(self, fills: Fills, clock: Clock, holders: str = "") -> None:
        self._fills = fills
        self._clock = clock
        self._holder = f"{holders}{uuid.uuid4().hex}"
        self._taken = count(1)
        self._running: dict[str, asyncio.Task[Result | None]] = {}

    async def once(self, key: str, work: Callable[[], Awaitable[Result]]) -> Result | None:
        """Wait until a piece of work is done.

        Args:
            key: of the work.
            work: does it.

        Returns:
            What it gave; None where another worker has done it.

        Raises:
            Overloaded: too much is under way.
            EntrepotError: why it failed, here or there.
        """
        task = self._running.get(key)
        if task is None:
            if len(self._running) >= MOST_AT_ONCE:
                raise Overloaded("too much is being asked of other registries")
            task = asyncio.get_running_loop().create_task(self._do(key, work), name=key)
            self._running[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End all work."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _done(self, key: str, task: asyncio.Task[Result | None]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # whoever asked may have left

    async def _do(self, key: str, work: Callable[[], Awaitable[Result]]) -> Result | None:
        holder = f"{self._holder}/{next(self._taken)}"
        while True:
            now = self._clock.now()
            if await self._fills.claim(key, holder, now, now + _LEASE) is not None:
                break
            if await self._done_elsewhere(key):
                return None
        try:
            result = await work()
        except EntrepotError as error:
            await self._fills.fail(key, holder, failure_of(error, self._clock.now()))
            raise
        except BaseException:
            await self._fills.release(key, holder)
            raise
        await self._fills.finish(key, holder, self._clock.now())
        return result

    async def _done_elsewhere(self, key: str) -> bool:
        """Wait for another worker; False when it has died over it.

        Raises:
            EntrepotError: why it failed there.
        """
        while True:
            fill = await self._fills.find(key)
            if fill is None:
                return True
            if fill.failure is not None:
                raise error_of(fill.failure)
            if fill.until <= self._clock.now():
                return False
            await asyncio.sleep(_LOOK_SECONDS)
