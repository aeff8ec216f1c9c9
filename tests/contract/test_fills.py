"""Fills: one worker fetches, and the others are told what comes of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.fills import SqlCheckedTags, SqlFills
from entrepot.ports.fills import CheckedTags, Failure, Fill, Fills, Problem
from tests.contract.engines import ENGINES, Engine

pytestmark = pytest.mark.anyio

SECOND = 1_000_000
DAY = 86_400 * SECOND
KEY = "docker.io library/alpine sha256:aa"


class FillsDatabase:
    """One database, any number of drivers that look at it."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._path = folder / "sessions.db"
        migrate(self._path, "sessions", durable=False)
        self._engine = engine
        self._opened = [engine(self._path, durable=False)]

    def open(self) -> Fills:
        """Make another instance of the driver, as another process would."""
        self._opened.append(self._engine(self._path, durable=False))
        return SqlFills(self._opened[-1])

    def checked(self) -> CheckedTags:
        """The same for what knows when tags were compared."""
        self._opened.append(self._engine(self._path, durable=False))
        return SqlCheckedTags(self._opened[-1])

    def close(self) -> None:
        for database in self._opened:
            database.close()


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FillsDatabase]:
    database = FillsDatabase(tmp_path, ENGINES[request.param])
    yield database
    database.close()


@pytest.fixture
def fills(database: FillsDatabase) -> Fills:
    return database.open()


async def test_one_of_many_becomes_the_one_to_fetch(database: FillsDatabase) -> None:
    outcomes = await asyncio.gather(
        *(database.open().claim(KEY, f"w{number}", 0, SECOND, f"u{number}") for number in range(8))
    )
    claimed = [fill for fill in outcomes if fill is not None]
    assert len(claimed) == 1
    assert await database.open().find(KEY) == claimed[0]
    assert claimed[0].until == SECOND


async def test_another_key_is_another_fill(fills: Fills) -> None:
    assert await fills.claim("a", "one", 0, SECOND, "ua") == Fill("ua", None, SECOND)
    assert await fills.claim("b", "two", 0, SECOND, "ub") == Fill("ub", None, SECOND)
    assert await fills.find("c") is None


async def test_a_claim_ends_with_its_lease_and_the_upload_is_gone_on_with(
    database: FillsDatabase, fills: Fills
) -> None:
    await fills.claim(KEY, "one", 0, SECOND, "u1")
    assert await fills.renew(KEY, "one", 2 * SECOND, 700)
    other = database.open()
    assert await other.claim(KEY, "two", 2 * SECOND - 1, 9 * SECOND, "u2") is None
    assert await other.claim(KEY, "two", 2 * SECOND, 9 * SECOND, "u2") == Fill(
        "u1", 700, 9 * SECOND
    )
    assert not await fills.renew(KEY, "one", 99 * SECOND)
    assert not await fills.finish(KEY, "one", 3 * SECOND)
    assert not await fills.release(KEY, "one")
    assert not await fills.fail(KEY, "one", Failure(Problem.OUTAGE, "late", 3))
    assert await fills.find(KEY) == Fill("u1", 700, 9 * SECOND)


async def test_a_size_once_told_stays(fills: Fills) -> None:
    await fills.claim(KEY, "one", 0, SECOND, "u")
    assert await fills.renew(KEY, "one", SECOND, 5)
    assert await fills.renew(KEY, "one", 2 * SECOND)
    assert await fills.find(KEY) == Fill("u", 5, 2 * SECOND)


async def test_a_released_fill_is_gone_on_with_at_once(fills: Fills) -> None:
    await fills.claim(KEY, "one", 0, DAY, "u1")
    assert await fills.release(KEY, "one")
    assert await fills.find(KEY) == Fill("u1")
    assert await fills.claim(KEY, "two", 1, SECOND, "u2") == Fill("u1", None, SECOND)


async def test_a_finished_fill_is_forgotten(fills: Fills) -> None:
    await fills.claim(KEY, "one", 0, SECOND, "u1")
    assert await fills.finish(KEY, "one", 1)
    assert await fills.find(KEY) is None
    assert await fills.claim(KEY, "two", 1, SECOND, "u2") == Fill("u2", None, SECOND)


@pytest.mark.parametrize("problem", Problem)
@pytest.mark.parametrize("kept", [False, True])
async def test_a_failure_is_told_until_the_next_attempt(
    database: FillsDatabase, fills: Fills, problem: Problem, kept: bool
) -> None:
    failure = Failure(problem, "it was Monday", 77)
    await fills.claim(KEY, "one", 0, SECOND, "u1")
    await fills.renew(KEY, "one", SECOND, 9)
    assert await fills.fail(KEY, "one", failure, keep_upload=kept)
    upload, size = ("u1", 9) if kept else ("", None)
    assert await database.open().find(KEY) == Fill(upload, size, 0, failure)
    again = await fills.claim(KEY, "two", 100, SECOND, "u2")
    assert again == Fill(upload or "u2", size, SECOND)


async def test_claims_of_holders_that_have_ended_are_let_go(fills: Fills) -> None:
    for number, holder in enumerate(["n/worker-1/a", "n/worker-1/b", "n/worker-11/c", "m/x"]):
        await fills.claim(str(number), holder, 0, DAY, "u")
    assert await fills.release_all("n/worker-1/") == 2
    assert [(await fills.find(str(number))).until for number in range(4)] == [0, 0, DAY, DAY]  # type: ignore[union-attr]
    assert await fills.release_all() == 2


async def test_what_nobody_goes_on_with_is_forgotten_in_time(fills: Fills) -> None:
    await fills.claim("old", "one", 0, SECOND, "u")
    await fills.claim("held", "one", 0, 3 * DAY, "u")
    await fills.claim("young", "one", DAY + 1, DAY + SECOND, "u")
    await fills.claim("gone", "one", DAY + 1, DAY + SECOND)
    await fills.claim(KEY, "two", 2 * DAY, 3 * DAY, "v")
    assert await fills.finish(KEY, "two", 2 * DAY)
    assert await fills.find("old") is None
    assert await fills.find("held") is not None
    assert await fills.find("young") is not None
    assert await fills.find("gone") is None


async def test_when_a_tag_was_compared_is_known_to_all(database: FillsDatabase) -> None:
    checked = database.checked()
    assert await checked.checked_at("t") is None
    await checked.note("t", 5)
    await database.checked().note("t", 9)
    assert await checked.checked_at("t") == 9
    await database.checked().note("other", 31 * DAY)
    assert await checked.checked_at("t") is None
    await checked.forget("other")
    assert await database.checked().checked_at("other") is None
