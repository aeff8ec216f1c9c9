"""Retention knows of every pull before it judges, whichever worker has gathered it."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.drivers.sql.pulls import SqlPullGatherers, SqlPullTimes
from entrepot.errors import MetadataOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.operations.pull_recorder import PullRecorder
from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.removal import DatedTag
from entrepot.services.retention import RetentionRule
from tests.contract.pushing import APP
from tests.unit.services.registry import Registry, with_registry
from tests.unit.services.retention.test_run import (
    EVERY_TAG,
    IMAGES,
    fill,
    retention_of,
    tags_of,
)
from tests.waiting import tries

EVERYWHERE = RepositoryGlobs.parse(["**"])
DAY = 86_400
PULLED_TODAY = RetentionRule("used", EVERYWHERE, EVERY_TAG, pulled_within=DAY * MICROSECONDS)
LAST_PULLED = RetentionRule("used", EVERYWHERE, EVERY_TAG, pulled=1)
LEASE = 61


class Failing(SqlPullTimes):
    """Cannot be written for a while."""

    broken = True

    async def note(self, pulled: Collection[tuple[RepositoryName, Digest]], now: int) -> None:
        if self.broken:
            raise MetadataOutage("the database is locked by another program")
        await super().note(pulled, now)


def recorder_of(
    registry: Registry, worker: int = 1, times: SqlPullTimes | None = None
) -> PullRecorder:
    """A worker's, which writes once an hour unless it is asked."""
    times = times or SqlPullTimes(registry.metadata.database)
    gatherers = SqlPullGatherers(registry.sessions.database)
    name = f"node/worker-{worker}/"
    return PullRecorder(times, gatherers, name, registry.clock, 3600, look=0.002)


@asynccontextmanager
async def running(*recorders: PullRecorder) -> AsyncIterator[None]:
    for recorder in recorders:
        await recorder.start()
    try:
        yield
    finally:
        for recorder in recorders:
            await recorder.stop()


async def kill(recorder: PullRecorder) -> None:
    """End it as a SIGKILL does: nothing is written, and nobody is told."""
    await recorder._task.stop()


async def later(registry: Registry) -> None:
    registry.clock.forward(2 * DAY)


@pytest.mark.parametrize("rule", [PULLED_TODAY, LAST_PULLED])
def test_what_was_pulled_a_moment_ago_stays(rule: RetentionRule) -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 3)
        await later(registry)
        one, other = recorder_of(registry, 1), recorder_of(registry, 2)
        async with running(one, other):
            other.note(APP, IMAGES[1].digest)
            told = [one async for one in retention_of(registry, rule).verdicts(APP)]
            assert [one.dated.tag for one in told if one.keeps] == ["t01"]
            other.note(APP, IMAGES[1].digest)
            await retention_of(registry, rule).run()
            assert await tags_of(registry) == ["t01"]

    with_registry(work)


def test_what_a_worker_cannot_write_is_waited_for_and_nothing_goes() -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 3)
        await later(registry)
        times = Failing(registry.metadata.database)
        gatherers = SqlPullGatherers(registry.sessions.database)
        recorder = recorder_of(registry, 1, times)
        async with running(recorder):
            recorder.note(APP, IMAGES[0].digest)
            with pytest.raises(MetadataOutage, match="worker node/worker-1/ cannot write down"):
                await retention_of(registry, PULLED_TODAY, patience=0.2).run()
            # However long it lasts: the worker lives, and says so.
            registry.clock.forward(10 * LEASE)
            for _ in tries("the worker does not say that it lives"):
                await asyncio.sleep(0)
                standing = await gatherers.look("node/worker-1/")
                if standing is not None and standing.alive_until > registry.clock.now():
                    break
            with pytest.raises(MetadataOutage):
                await retention_of(registry, PULLED_TODAY, patience=0.5).run()
            assert len(await tags_of(registry)) == 3
            times.broken = False
            await retention_of(registry, PULLED_TODAY).run()
            assert await tags_of(registry) == ["t00"]

    with_registry(work)


def test_a_worker_that_was_killed_is_not_waited_for_longer_than_its_lease() -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 2)
        await later(registry)
        dead, alive = recorder_of(registry, 1), recorder_of(registry, 2)
        await dead.start()
        await kill(dead)
        async with running(alive):
            alive.note(APP, IMAGES[0].digest)
            with pytest.raises(MetadataOutage):
                await retention_of(registry, PULLED_TODAY, patience=0.1).run()
            registry.clock.forward(LEASE)
            await retention_of(registry, PULLED_TODAY).run()
            assert await tags_of(registry) == ["t00"]
        gatherers = SqlPullGatherers(registry.sessions.database)
        assert await gatherers.look("node/worker-1/") is None

    with_registry(work)


def test_a_worker_that_takes_the_place_of_a_killed_one_answers_for_it() -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 2)
        await later(registry)
        dead, heir = recorder_of(registry, 1), recorder_of(registry, 1)
        await dead.start()
        await kill(dead)
        waiting = asyncio.create_task(retention_of(registry, PULLED_TODAY).run())
        gatherers = SqlPullGatherers(registry.sessions.database)
        for _ in tries("nobody was asked"):
            await asyncio.sleep(0)
            if await gatherers.owing():
                break
        async with running(heir):
            await waiting
        assert await tags_of(registry) == []

    with_registry(work)


def test_a_frozen_worker_that_goes_on_is_asked_again() -> None:
    """While it was frozen nobody waited for it; from then on it counts as before."""

    async def work(registry: Registry) -> None:
        await fill(registry, 2)
        await later(registry)
        recorder = recorder_of(registry)
        await recorder.start()
        await kill(recorder)
        registry.clock.forward(LEASE)
        await retention_of(
            registry, RetentionRule("all", EVERYWHERE, EVERY_TAG, last=2, pulled=1)
        ).run()
        async with running(recorder):
            recorder.note(APP, IMAGES[1].digest)
            await retention_of(registry, PULLED_TODAY).run()
            assert await tags_of(registry) == ["t01"]

    with_registry(work)


def test_what_is_pulled_between_judging_and_removing_stays() -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 2)
        await later(registry)
        retention = retention_of(registry, PULLED_TODAY)
        times = SqlPullTimes(registry.metadata.database)
        judged = retention._pages

        async def pages(name: RepositoryName) -> AsyncIterator[list[DatedTag]]:
            async for page in judged(name):
                await times.note([(APP, IMAGES[0].digest)], registry.clock.now())
                yield page

        retention._pages = pages  # type: ignore[method-assign]
        counts = await retention.run()
        assert (counts.removed, counts.changed) == (1, 1)
        assert await tags_of(registry) == ["t00"]

    with_registry(work)


def test_rules_that_ask_for_no_pulls_wait_for_nobody() -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 2)
        dead = recorder_of(registry)
        await dead.start()
        await kill(dead)
        rule = RetentionRule("last", EVERYWHERE, EVERY_TAG, last=1)
        await retention_of(registry, rule, patience=0.0).run()
        assert await tags_of(registry) == ["t01"]

    with_registry(work)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pull"), st.integers(0, 2), st.integers(0, 5)),
        st.tuples(st.just("turn"), st.integers(0, 4), st.just(0)),
        st.tuples(st.just("kill"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("retain"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_in_no_order_goes_what_somebody_has_pulled(steps: list[tuple[str, int, int]]) -> None:
    """Workers pull, are killed and replaced while retention runs beside them, time after time."""

    async def work(registry: Registry) -> None:
        await fill(registry, 6)
        await later(registry)
        workers = [recorder_of(registry, number) for number in range(3)]
        for recorder in workers:
            await recorder.start()
        gathered: list[set[str]] = [set(), set(), set()]
        held: set[str] = set()  # pulled before the run that is under way began
        run: asyncio.Task[object] | None = None
        for kind, number, image in steps:
            there = await tags_of(registry)
            if kind == "pull" and f"t{image:02}" in there:
                workers[number].note(APP, IMAGES[image].digest)
                gathered[number].add(f"t{image:02}")
            elif kind == "turn":
                for _ in range(number * 5):
                    await asyncio.sleep(0)
            elif kind == "kill":
                await kill(workers[number])
                held -= gathered[number]  # what it had not written is lost
                gathered[number] = set()
                workers[number] = recorder_of(registry, number)
                await workers[number].start()
            elif kind == "retain":
                if run is not None:
                    await run
                    assert held <= set(await tags_of(registry))
                held = set().union(*gathered) & set(await tags_of(registry))
                run = asyncio.create_task(retention_of(registry, PULLED_TODAY).run())
        if run is not None:
            await run
            assert held <= set(await tags_of(registry))
        for recorder in workers:
            await recorder.stop()

    with_registry(work)
