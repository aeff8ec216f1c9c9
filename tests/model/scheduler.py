"""Runs tasks one step at a time, in an order that is chosen: every order, or one by a seed.

A step begins where a task is about to touch the world: each transaction of the database and each
call of the storage. Between two steps a task does nothing that another one could see.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any

Work = Callable[[], Awaitable[None]]
Choose = Callable[[list[str], str | None], str]

MOST_STEPS = 2_000

CURRENT: "Scheduler | None" = None
"""The one that runs, for what a test puts in a port's place."""


class Killed(BaseException):
    """What a task is told that must not do another step: its process was killed."""


@dataclass
class _Task:
    name: str
    steps: int = 0
    running: asyncio.Task[None] | None = None
    may_go: asyncio.Event = field(default_factory=asyncio.Event)
    parked: asyncio.Event = field(default_factory=asyncio.Event)
    blocked_at: int | None = None
    done: bool = False
    killed: bool = False


class Scheduler:
    """Runs tasks in turns.

    Args:
        choose: is given the names of the tasks that can go on, and of the one that went last.
        kill: the task and how many steps it makes before its process is killed.
    """

    def __init__(self, choose: Choose, kill: tuple[str, int] | None = None) -> None:
        self._choose = choose
        self._kill = kill
        self._tasks: dict[asyncio.Task[None], _Task] = {}
        self.steps: list[tuple[str, str]] = []

    async def turn(self, what: str, *, blocked: bool = False) -> None:
        """Wait for the task's turn; called by everything that touches the world.

        Args:
            what: is about to happen, for the story of a failure.
            blocked: the task has just tried in vain, and does so again when others went on.
        """
        current = asyncio.current_task()
        task = self._tasks.get(current) if current is not None else None
        if task is None:  # what prepares or inspects is not scheduled
            if blocked:
                await asyncio.sleep(0)
            return
        task.blocked_at = len(self.steps) if blocked else None
        task.may_go.clear()
        task.parked.set()
        await task.may_go.wait()
        if task.killed:
            raise Killed
        task.steps += 1
        self.steps.append((task.name, what))

    async def run(self, works: dict[str, Work]) -> None:
        """Run tasks to their ends; the first failure of one is raised."""
        tasks = [self._start(name, work) for name, work in works.items()]
        last: str | None = None
        for task in tasks:
            await self._until_parked(task)
        while living := [task for task in tasks if not task.done]:
            ready = [task for task in living if self._can_go(task)]
            assert ready, f"nobody can go on\n{self.story()}"
            assert len(self.steps) < MOST_STEPS, f"it never ends\n{self.story()}"
            names = [task.name for task in ready]
            chosen = self._choose(names, last if last in names else None)
            task = next(task for task in ready if task.name == chosen)
            last = chosen
            task.killed = self._kill is not None and self._kill == (task.name, task.steps)
            task.parked.clear()
            task.may_go.set()
            await self._until_parked(task)
            if task.done:  # what it held is free
                for other in tasks:
                    other.blocked_at = None

    def story(self) -> str:
        """Tell what happened, a line a step."""
        return "\n".join(f"  {name}: {what}" for name, what in self.steps)

    def _start(self, name: str, work: Work) -> _Task:
        task = _Task(name)

        async def live() -> None:
            await self.turn("begins")
            await work()

        task.running = asyncio.get_running_loop().create_task(live())
        self._tasks[task.running] = task
        return task

    async def _until_parked(self, task: _Task) -> None:
        assert task.running is not None
        parked = asyncio.ensure_future(task.parked.wait())
        await asyncio.wait([parked, task.running], return_when=asyncio.FIRST_COMPLETED)
        parked.cancel()
        if task.running.done():
            task.done = True
            error = task.running.exception()
            if error is not None and not isinstance(error, Killed):
                error.add_note(self.story())
                raise error

    def _can_go(self, task: _Task) -> bool:
        if task.blocked_at is None:
            return True
        return any(name != task.name for name, _ in self.steps[task.blocked_at :])


class Scheduled:
    """A port whose every call waits for its turn.

    Args:
        port: does the work.
        name: for the story of a failure.
        scheduler: gives the turns.
    """

    def __init__(self, port: Any, name: str, scheduler: Scheduler) -> None:
        self._port = port
        self._name = name
        self._scheduler = scheduler

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._port, attribute)
        if attribute in ("commit", "delete"):
            return getattr(self, f"_{attribute}")
        if not iscoroutinefunction(value):
            return value

        async def call(*arguments: Any, **named: Any) -> Any:
            await self._scheduler.turn(f"{self._name}.{attribute}")
            return await value(*arguments, **named)

        return call

    def _commit(self, *arguments: Any) -> AbstractAsyncContextManager[Any]:
        @asynccontextmanager
        async def commit() -> Any:
            await self._scheduler.turn(f"{self._name}.commit")
            async with self._port.commit(*arguments) as location:
                yield location

        return commit()

    async def _delete(self, location: Any, unless: Callable[[], Awaitable[bool]]) -> Any:
        async def asked() -> bool:
            await self._scheduler.turn(f"{self._name}.delete asks")
            found = await unless()
            await self._scheduler.turn(f"{self._name}.delete goes on, needed: {found}")
            return found

        await self._scheduler.turn(f"{self._name}.delete")
        return await self._port.delete(location, asked)


class Orders:
    """Every order in which tasks can run, with a bounded number of preemptions.

    A preemption takes the turn from a task that could go on. Most bugs need few of them, and their
    number decides how many orders there are.

    Args:
        preemptions: at most.
        most: orders, at most; the others are left out.
    """

    def __init__(self, preemptions: int, most: int) -> None:
        self._preemptions = preemptions
        self._most = most
        self.tried = 0

    def __iter__(self) -> Iterator[Choose]:
        waiting: list[list[str]] = [[]]
        while waiting and self.tried < self._most:
            self.tried += 1
            prefix = waiting.pop()
            taken: list[tuple[str, list[str], str | None]] = []

            def choose(
                names: list[str],
                last: str | None,
                prefix: list[str] = prefix,
                taken: list[tuple[str, list[str], str | None]] = taken,
            ) -> str:
                step = len(taken)
                wanted = prefix[step] if step < len(prefix) else (last or names[0])
                assert wanted in names, "a task did something else than before"
                taken.append((wanted, names, last))
                return wanted

            yield choose
            waiting += self._alternatives(prefix, taken)

    def _alternatives(
        self, prefix: list[str], taken: list[tuple[str, list[str], str | None]]
    ) -> Iterator[list[str]]:
        spent = 0
        for step, (chosen, names, last) in enumerate(taken):
            if step >= len(prefix):
                for other in names:
                    price = int(last is not None and other != last)
                    if other != chosen and spent + price <= self._preemptions:
                        yield [*(name for name, _, _ in taken[:step]), other]
            spent += int(last is not None and chosen != last)
