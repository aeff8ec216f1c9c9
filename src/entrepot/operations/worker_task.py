"""Something that a worker does beside its requests, from its start until it is stopped."""

import asyncio
from collections.abc import Callable, Coroutine


class WorkerTask:
    """Runs a coroutine once at a time. Starting twice, and stopping what stands, is allowed.

    Args:
        name: of the task.
        work: makes the coroutine; safe to be cancelled anywhere.
    """

    def __init__(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._name = name
        self._work = work
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the worker's event loop."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work(), name=self._name)

    async def stop(self) -> bool:
        """Stop, and wait for its end; False when it did not run."""
        if self._task is None:
            return False
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None
        return True
