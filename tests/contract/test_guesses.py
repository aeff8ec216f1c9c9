"""The guess ledger: wrong credentials, counted by all workers together."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.ports.guesses import GuessRecord
from tests.contract.guess_databases import GUESSES, GuessDatabase

pytestmark = pytest.mark.anyio

SOMEBODY, OTHER = "10.0.0.1 aa", "10.0.0.2"


@pytest.fixture(params=GUESSES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GuessDatabase]:
    database = GUESSES[request.param](tmp_path)
    yield database
    database.close()


async def test_of_a_stranger_nothing_is_known(database: GuessDatabase) -> None:
    assert await database.open().record(SOMEBODY) == GuessRecord()


async def test_each_worker_counts_what_the_others_have_counted(database: GuessDatabase) -> None:
    one, two = database.open(), database.open()
    assert await one.count(SOMEBODY, 10, 0) == 1
    assert await two.count(SOMEBODY, 11, 0) == 2
    assert await one.count(SOMEBODY, 12, 0) == 3
    assert await one.count(OTHER, 12, 0) == 1
    assert (await two.record(SOMEBODY)).failures == 3


async def test_counts_at_once_are_all_counted(database: GuessDatabase) -> None:
    ledgers = [database.open() for _ in range(4)]
    counts = await asyncio.gather(
        *(ledger.count(SOMEBODY, 10, 0) for _ in range(25) for ledger in ledgers)
    )
    assert sorted(counts) == list(range(1, 101))


async def test_after_a_long_pause_counting_begins_anew(database: GuessDatabase) -> None:
    ledger = database.open()
    await ledger.count(SOMEBODY, 10, 0)
    assert await ledger.count(SOMEBODY, 100, 10) == 2
    assert await ledger.count(SOMEBODY, 200, 101) == 1


async def test_of_two_waits_the_longer_one_holds(database: GuessDatabase) -> None:
    one, two = database.open(), database.open()
    await one.count(SOMEBODY, 10, 0)
    await one.wait(SOMEBODY, 500)
    await two.wait(SOMEBODY, 300)
    assert (await one.record(SOMEBODY)).waits_until == 500


async def test_who_waits_is_listed_until_the_wait_is_over(database: GuessDatabase) -> None:
    ledger = database.open()
    for number in range(5):
        await ledger.count(f"10.0.0.{number}", 10, 0)
        await ledger.wait(f"10.0.0.{number}", 100 + number)
    assert await ledger.waiting(102, 10) == {"10.0.0.3": 103, "10.0.0.4": 104}
    assert await ledger.waiting(0, 2) == {"10.0.0.3": 103, "10.0.0.4": 104}
    assert await ledger.waiting(104, 10) == {}


async def test_a_success_is_remembered_and_forgives_nothing(database: GuessDatabase) -> None:
    ledger = database.open()
    await ledger.succeed(SOMEBODY, 5)
    assert await ledger.record(SOMEBODY) == GuessRecord(0, 0, 5)
    await ledger.count(SOMEBODY, 10, 0)
    await ledger.succeed(SOMEBODY, 20)
    assert await ledger.record(SOMEBODY) == GuessRecord(1, 0, 20)
    # Nor does it make the newest mistake younger.
    assert await ledger.count(SOMEBODY, 30, 11) == 1


async def test_the_old_is_forgotten(database: GuessDatabase) -> None:
    ledger = database.open()
    await ledger.count(SOMEBODY, 10, 0)
    await ledger.succeed(OTHER, 20)
    assert await ledger.forget(20, 10) == 1
    assert await ledger.record(SOMEBODY) == GuessRecord()
    assert (await ledger.record(OTHER)).succeeded_at == 20


async def test_rows_are_bounded_and_the_newest_stay(database: GuessDatabase) -> None:
    ledger = database.open()
    for number in range(50):
        await ledger.count(f"address-{number:02}", number, 0)
    assert await ledger.forget(0, 20) == 30
    assert (await ledger.record("address-29")).failures == 0
    assert (await ledger.record("address-30")).failures == 1
