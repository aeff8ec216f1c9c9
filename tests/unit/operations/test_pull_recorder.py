import asyncio
from collections.abc import Collection

from entrepot.drivers.sql.pulls import SqlPullGatherers
from entrepot.errors import MetadataOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.operations.pull_recorder import PullRecorder
from tests.unit.services.registry import Registry, with_registry
from tests.waiting import PATIENCE

APP = RepositoryName("team/app")
Pull = tuple[RepositoryName, Digest]


def some_digest(number: int) -> Digest:
    return Digest.of(str(number).encode(), "sha256")


class Times:
    """Keeps pull times, and can be out of order."""

    def __init__(self) -> None:
        self.kept: dict[Pull, int] = {}
        self.writes: list[int] = []
        self.broken = False
        self.written = asyncio.Event()

    async def note(self, pulled: Collection[Pull], now: int) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise MetadataOutage("the database is locked by another program")
        self.writes.append(len(pulled))
        self.kept |= dict.fromkeys(pulled, now)
        self.written.set()


def recorder_of(
    registry: Registry, times: Times, interval: float, most: int = 20_000
) -> PullRecorder:
    gatherers = SqlPullGatherers(registry.sessions.database)
    return PullRecorder(times, gatherers, "node/1/", registry.clock, interval, most, look=0.005)


def test_pulls_are_written_together_and_once_each() -> None:
    async def scenario(registry: Registry) -> None:
        times, clock = Times(), registry.clock
        recorder = recorder_of(registry, times, 60)
        for number in range(1_200):
            recorder.note(APP, some_digest(number % 600))
        assert times.kept == {}
        await recorder.flush()
        assert times.kept == {(APP, some_digest(number)): clock.now() for number in range(600)}
        assert times.writes == [500, 100]
        await recorder.flush()
        assert times.writes == [500, 100]

    with_registry(scenario)


def test_they_are_written_now_and_then_and_at_the_end() -> None:
    async def scenario(registry: Registry) -> None:
        times = Times()
        recorder = recorder_of(registry, times, 0.01)
        await recorder.start()
        recorder.note(APP, some_digest(1))
        async with asyncio.timeout(PATIENCE):
            await times.written.wait()
        await recorder.stop()
        last = recorder_of(registry, times, 3600)
        await last.start()
        last.note(APP, some_digest(2))
        await last.stop()
        assert set(times.kept) == {(APP, some_digest(1)), (APP, some_digest(2))}

    with_registry(scenario)


def test_what_cannot_be_written_is_kept_for_the_next_time() -> None:
    async def scenario(registry: Registry) -> None:
        times = Times()
        recorder = recorder_of(registry, times, 60)
        times.broken = True
        recorder.note(APP, some_digest(1))
        await recorder.flush()
        times.broken = False
        await recorder.flush()
        assert set(times.kept) == {(APP, some_digest(1))}

    with_registry(scenario)


def test_it_holds_a_bounded_number_and_writes_ahead_of_time_when_they_are_too_many() -> None:
    async def scenario(registry: Registry) -> None:
        times = Times()
        recorder = recorder_of(registry, times, 3600, most=10)
        await recorder.start()
        await asyncio.sleep(0)
        for number in range(11):
            recorder.note(APP, some_digest(number))
        async with asyncio.timeout(PATIENCE):
            await times.written.wait()
        assert len(times.kept) == 10
        recorder.note(APP, some_digest(11))
        await recorder.stop()
        assert len(times.kept) == 11

    with_registry(scenario)


def test_a_stop_in_the_middle_of_a_write_loses_nothing() -> None:
    class Slow(Times):
        async def note(self, pulled: Collection[Pull], now: int) -> None:
            begun.set()
            await asyncio.sleep(0.02)
            await super().note(pulled, now)

    begun = asyncio.Event()

    async def scenario(registry: Registry) -> None:
        times = Slow()
        recorder = recorder_of(registry, times, 0.001)
        for number in range(1_200):
            recorder.note(APP, some_digest(number))
        await recorder.start()
        await begun.wait()
        await recorder.stop()
        assert len(times.kept) == 1_200

    with_registry(scenario)
