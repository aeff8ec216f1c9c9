"""Runs a story in an order, on a copy of a prepared place."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from entrepot.drivers.filesystem import prefix_lock, storage
from entrepot.drivers.sql.database import Database
from tests.model import scheduler as scheduler_module
from tests.model.place import Place
from tests.model.scheduler import Choose, Scheduled, Scheduler
from tests.model.scripts import Script, World
from tests.model.stepping import SteppedDatabase

_SECONDS = 30


class Stage:
    """A prepared place, from which each run gets a copy.

    Args:
        folder: of this test's own.
        script: the story.
        stepped: whether others have their turn before each statement of a transaction, too.
    """

    def __init__(self, folder: Path, script: Script, *, stepped: bool = False) -> None:
        self._folder = folder
        self._stepped = stepped
        self._script = script
        self._runs = 0
        asyncio.run(self._prepare())

    async def _prepare(self) -> None:
        place = Place(self._folder / "prepared", rules=self._script.rules)
        world = World(place)
        try:
            await self._script.prepare(world)
        finally:
            place.close()
        self._now, self._acknowledged = place.clock.now(), world.acknowledged

    def run(self, choose: Choose, kill: tuple[str, int] | None = None) -> Scheduler:
        """Run the story once, and check the world after it.

        Args:
            choose: the order.
            kill: a task, and how many steps it makes before its process is killed.
        """
        self._runs += 1
        root = self._folder / str(self._runs)
        shutil.copytree(self._folder / "prepared", root)
        try:
            return asyncio.run(asyncio.wait_for(self._run(root, choose, kill), _SECONDS))
        finally:
            shutil.rmtree(root)

    async def _run(self, root: Path, choose: Choose, kill: tuple[str, int] | None) -> Scheduler:
        scheduler = Scheduler(choose, kill)

        def wrap(port: Any, name: str) -> Any:
            return Scheduled(port, name, scheduler)

        def step(database: Database) -> Database:
            return SteppedDatabase(database, scheduler) if self._stepped else database

        place = Place(root, wrap, self._script.rules, step)
        place.clock.forward((self._now - place.clock.now()) / 1_000_000)
        world = World(place, set(self._acknowledged))
        try:
            with waiting_in_turns(scheduler):
                await scheduler.run(self._script.tasks(world))
                try:
                    # What a collector leaves is in the queue; what a client leaves is not.
                    await world.check(sweeps=kill is not None and "collector" not in kill[0])
                except BaseException as error:
                    error.add_note(scheduler.story())
                    raise
        finally:
            place.close()
        return scheduler


@contextmanager
def waiting_in_turns(scheduler: Scheduler) -> Iterator[None]:
    """Let who waits for a lock give its turn to others."""

    async def pause() -> None:
        await scheduler.turn("waits for a lock", blocked=True)

    real = prefix_lock.pause
    storage.pause = pause  # type: ignore[attr-defined]
    scheduler_module.CURRENT = scheduler
    try:
        yield
    finally:
        scheduler_module.CURRENT = None
        storage.pause = real  # type: ignore[attr-defined]


def at_random(seed: str) -> Choose:
    """Choose by a seed; mostly the same task goes on."""
    random = Random(seed)

    def choose(names: list[str], last: str | None) -> str:
        if last is not None and random.random() < 0.5:
            return last
        return random.choice(names)

    return choose


def with_one_turn_within(one: str, other: str, steps: int) -> Choose:
    """Let one begin, and do a single step after some of the other's; then the other ends first."""
    turns = [one, *[other] * steps, one]

    def choose(names: list[str], last: str | None) -> str:
        wanted = turns.pop(0) if turns else other
        return wanted if wanted in names else names[0]

    return choose
