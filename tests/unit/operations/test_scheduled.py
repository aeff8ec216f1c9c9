import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.jobs import SqlJobLedger
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.errors import StorageOutage
from entrepot.operations import scheduled
from entrepot.operations.schedule import Every
from entrepot.operations.scheduled import Once, Turn
from entrepot.ports.jobs import JobLedger
from tests.unit.services.registry import MovableClock
from tests.waiting import PATIENCE, tries

HOURLY = Every(3600)


def with_ledger(path: Path, work: Callable[[JobLedger, MovableClock], Awaitable[None]]) -> None:
    migrate(path / "metadata.db", "metadata", durable=False)

    async def run() -> None:
        database = SqlMetadata(SqliteDatabase(path / "metadata.db"))
        try:
            await work(SqlJobLedger(database.database), MovableClock())
        finally:
            database.close()

    asyncio.run(run())


def test_a_run_happens_once_when_it_is_due_however_many_look(tmp_path: Path) -> None:
    async def scenario(ledger: JobLedger, clock: MovableClock) -> None:
        runs = []

        async def work(turn: Turn) -> str:
            runs.append(turn.run.started_at)
            return "well done"

        workers = [Once(ledger, clock, "sweep", work) for _ in range(3)]
        for hour in range(4):
            outcomes = await asyncio.gather(*(once.run(HOURLY) for once in workers))
            assert outcomes.count("well done") == (1 if hour else 0)
            clock.forward(3600)
        last = await ledger.last("sweep")
        assert last is not None
        assert (last.outcome, last.holder) == ("well done", None)
        assert len(runs) == 3

    with_ledger(tmp_path, scenario)


def test_a_run_by_hand_needs_no_schedule(tmp_path: Path) -> None:
    async def scenario(ledger: JobLedger, clock: MovableClock) -> None:
        async def work(turn: Turn) -> str:
            return "done"

        assert await Once(ledger, clock, "sweep", work).run() == "done"
        assert await Once(ledger, clock, "sweep", work).run(HOURLY) is None

    with_ledger(tmp_path, scenario)


def test_a_run_that_is_stopped_is_gone_on_with_by_another_at_once(tmp_path: Path) -> None:
    async def scenario(ledger: JobLedger, clock: MovableClock) -> None:
        begun = asyncio.Event()
        seen = []

        async def work(turn: Turn) -> str:
            seen.append(turn.progress)
            if not turn.progress:
                await turn.note("half")
                begun.set()
                await asyncio.Event().wait()
            return "whole"

        first = asyncio.create_task(Once(ledger, clock, "sweep", work).run())
        await begun.wait()
        assert await Once(ledger, clock, "sweep", work).run() is None
        first.cancel()
        await asyncio.wait([first])
        assert first.cancelled()
        assert await Once(ledger, clock, "sweep", work).run(HOURLY) == "whole"
        assert seen == ["", "half"]

    with_ledger(tmp_path, scenario)


def test_a_failure_is_written_down_and_the_next_time_begins_anew(tmp_path: Path) -> None:
    async def scenario(ledger: JobLedger, clock: MovableClock) -> None:
        async def work(turn: Turn) -> str:
            raise StorageOutage("the disk is gone")

        with pytest.raises(StorageOutage):
            await Once(ledger, clock, "sweep", work).run()
        last = await ledger.last("sweep")
        assert last is not None
        assert last.outcome == "failed: the disk is gone"
        assert last.holder is None

    with_ledger(tmp_path, scenario)


def test_work_whose_lease_ended_stops_when_another_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduled, "LEASE_SECONDS", 0.06)

    async def scenario(ledger: JobLedger, clock: MovableClock) -> None:
        begun = asyncio.Event()

        async def slow(turn: Turn) -> str:
            begun.set()
            await asyncio.Event().wait()
            return "never"

        async def quick(turn: Turn) -> str:
            return "done by another"

        first = asyncio.create_task(Once(ledger, clock, "sweep", slow).run())
        await begun.wait()
        clock.forward(1)
        assert await Once(ledger, clock, "sweep", quick).run() == "done by another"
        async with asyncio.timeout(PATIENCE):
            assert await first is None

    with_ledger(tmp_path, scenario)


def test_a_lease_is_kept_alive_while_the_work_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduled, "LEASE_SECONDS", 0.06)

    async def scenario(ledger: JobLedger, clock: MovableClock) -> None:
        async def work(turn: Turn) -> str:
            clock.forward(1)
            before = turn.run.claimed_until
            for _ in tries("it is lost"):
                await asyncio.sleep(0.01)
                last = await ledger.last("sweep")
                if last is not None and last.claimed_until > before:
                    return "kept"
            raise AssertionError

        assert await Once(ledger, clock, "sweep", work).run() == "kept"

    with_ledger(tmp_path, scenario)
