"""Threads that wait for the disk, so that the event loop need not.

The library's own pool makes a lock, a condition and two futures for each piece of work; a small
push is handed over often enough for that to be felt.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")
_Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Threads:
    """Runs what blocks. All its methods are called on the event loop.

    Args:
        number: threads at most; each is started when all others are busy.
        name: what their names begin with.
    """

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unfinished = 0

    def run(self, work: Callable[[], Result]) -> "asyncio.Future[Result]":
        """Have something run in a thread.

        Cancelling what is given here forgets the outcome; the work is done all the same.

        Raises:
            RuntimeError: the threads are closed.
        """
        if self._number <= 0:
            raise RuntimeError("the threads are closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._unfinished += 1
        if self._unfinished > len(self._threads) < self._number:
            self._start()
        self._jobs.put((work, loop, future))
        return future

    async def finish(
        self, work: Callable[[], Result], undo: Callable[[Result], None] = lambda _: None
    ) -> Result:
        """Have something run in a thread, and wait for its end though the caller is cancelled.

        Args:
            work: what is run.
            undo: lets go of what it has given, which a cancelled caller never gets.

        Raises:
            RuntimeError: the threads are closed.
        """
        working = self.run(work)
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.wait([working])
            # The cancellation is what the caller is told, also when the work has failed.
            if working.exception() is None:
                undo(working.result())
            raise

    def close(self) -> None:
        """Let go of the threads, once they have done what they were given."""
        self._number = 0
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _start(self) -> None:
        name = f"{self._name}_{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, loop, future = job
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:  # whoever waits is told, whatever it is
                error = raised
            with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
                loop.call_soon_threadsafe(self._settle, future, result, error)
            # A thread that has nothing to do must not keep bytes, or an error's frames, in memory.
            del job, work, loop, future, result, error

    def _settle(
        self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None
    ) -> None:
        self._unfinished -= 1
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
