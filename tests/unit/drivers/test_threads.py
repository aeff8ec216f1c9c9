"""Threads: as many as are needed, their outcomes, and what becomes of work nobody waits for."""

import asyncio
import gc
import threading
import weakref
from contextlib import closing
from functools import partial

import pytest

from entrepot.drivers.threads import Threads


def test_outcomes_reach_those_who_wait() -> None:
    async def run() -> None:
        with closing(Threads(2, "test")) as threads:
            assert await threads.run(lambda: 7) == 7
            with pytest.raises(ZeroDivisionError):
                await threads.run(lambda: 1 // 0)
            many = [threads.run(partial(pow, number, 2)) for number in range(100)]
            assert await asyncio.gather(*many) == [number**2 for number in range(100)]

    asyncio.run(run())


@pytest.mark.parametrize("number", [1, 3])
def test_as_many_run_together_as_are_allowed_and_no_more(number: int) -> None:
    async def run() -> None:
        running = threading.Semaphore(0)
        go_on = threading.Event()

        def work() -> str:
            running.release()
            assert go_on.wait(10)
            return threading.current_thread().name

        with closing(Threads(number, "test")) as threads:
            waiting = [threads.run(work) for _ in range(number + 2)]
            for _ in range(number):
                assert await asyncio.to_thread(running.acquire, timeout=10)
            assert not running.acquire(blocking=False)
            go_on.set()
            assert set(await asyncio.gather(*waiting)) == {f"test_{i}" for i in range(number)}

    asyncio.run(run())


def test_one_thread_is_enough_for_work_that_comes_one_after_the_other() -> None:
    async def run() -> None:
        with closing(Threads(8, "test")) as threads:
            names = {await threads.run(lambda: threading.current_thread().name) for _ in range(20)}
            assert names == {"test_0"}

    asyncio.run(run())


def test_work_is_done_though_nobody_waits_for_it() -> None:
    async def run() -> None:
        go_on, done = threading.Event(), threading.Event()
        threads = Threads(1, "test")
        first = threads.run(lambda: go_on.wait(10))
        second = threads.run(done.set)
        first.cancel()
        second.cancel()
        go_on.set()
        threads.close()
        assert done.is_set(), "closing waits for what was given before"
        with pytest.raises(RuntimeError, match="closed"):
            threads.run(done.set)

    asyncio.run(run())


def test_a_thread_with_nothing_to_do_holds_nothing() -> None:
    class Bytes:
        pass

    async def run() -> None:
        with closing(Threads(1, "test")) as threads:
            content = Bytes()
            seen = weakref.ref(content)
            await threads.run(partial(isinstance, content, Bytes))
            del content
            for _ in range(100):
                gc.collect()
                if seen() is None:
                    break
                await asyncio.sleep(0.01)
            assert seen() is None

    asyncio.run(run())


def test_a_loop_that_has_ended_disturbs_no_thread() -> None:
    go_on = threading.Event()
    threads = Threads(1, "test")

    async def leave() -> None:
        threads.run(lambda: go_on.wait(10))

    async def work() -> int:
        return await threads.run(lambda: 7)

    asyncio.run(leave())
    go_on.set()
    assert asyncio.run(work()) == 7
    threads.close()
