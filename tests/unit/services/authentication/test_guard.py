"""Guessing slows down, for whoever guesses, and for nobody else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.errors import TooManyGuesses, Unauthenticated
from entrepot.ports.access import BasicCredentials, BearerCredentials, Caller, Credentials, Kind
from entrepot.ports.clock import MICROSECONDS
from entrepot.services.authentication.guard import GuessGuard, GuessLimits
from tests.contract.guess_databases import SqliteGuessDatabase

pytestmark = pytest.mark.anyio

LIMITS = GuessLimits(account=3, address=10, longest=60.0, forget=3600.0)
HOME, CAFE = "192.0.2.1", "198.51.100.7"


class Time:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def now(self) -> int:
        return int(self.seconds * MICROSECONDS)


class Accounts:
    """Everybody's password is the name, twice. Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.at_once = 0
        self.most_at_once = 0

    async def authenticate(self, credentials: Credentials) -> Caller:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        if isinstance(credentials, BearerCredentials):
            raise Unauthenticated
        name = credentials.username
        if credentials.secret != name * 2:
            raise Unauthenticated
        return Caller(name, Kind.USER)


class Workers:
    """Any number of guards over one ledger."""

    def __init__(self, folder: Path) -> None:
        self.time = Time()
        self.accounts = Accounts()
        self.database = SqliteGuessDatabase(folder)

    def guard(self) -> GuessGuard:
        return GuessGuard(
            self.accounts,
            self.database.open(),
            LIMITS,
            self.time,
            lambda: self.time.seconds,
        )


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(tmp_path)
    yield workers
    workers.database.close()


async def login(guard: GuessGuard, name: str, secret: str, address: str = HOME) -> str:
    try:
        caller = await guard.authenticate(BasicCredentials(name, secret, address))
    except Unauthenticated:
        return "wrong"
    except TooManyGuesses as error:
        return f"wait {error.retry_after}"
    return caller.name


async def guess(guard: GuessGuard, name: str, times: int, address: str = HOME) -> list[str]:
    return [await login(guard, name, f"guess {number}", address) for number in range(times)]


async def test_a_few_mistakes_cost_nothing(workers: Workers) -> None:
    guard = workers.guard()
    assert await guess(guard, "alice", 2) == ["wrong"] * 2
    assert await login(guard, "alice", "alicealice") == "alice"


async def test_then_even_the_right_password_waits_and_longer_each_time(workers: Workers) -> None:
    guard = workers.guard()
    await guess(guard, "alice", 3)
    for number, seconds in enumerate((1, 2, 4, 8, 16, 32, 60, 60)):
        assert await login(guard, "alice", "alicealice") == f"wait {seconds}"
        workers.time.seconds += seconds
        assert await login(guard, "alice", f"further {number}") == "wrong"
    workers.time.seconds += 60
    assert await login(guard, "alice", "alicealice") == "alice"


async def test_who_waits_cannot_tell_a_right_guess_from_a_wrong_one(workers: Workers) -> None:
    guard = workers.guard()
    assert await login(guard, "alice", "alicealice") == "alice"  # known now, and trusted
    await guess(guard, "alice", 3)
    asked = workers.accounts.asked
    assert await login(guard, "alice", "alicealice") == await login(guard, "alice", "x")
    assert workers.accounts.asked == asked


async def test_nobody_locks_out_somebody_elsewhere(workers: Workers) -> None:
    guard = workers.guard()
    await guess(guard, "alice", 50, CAFE)
    assert await login(guard, "alice", "alicealice", HOME) == "alice"


async def test_nor_another_account_at_the_same_address(workers: Workers) -> None:
    guard = workers.guard()
    await guess(guard, "alice", 50)
    assert await login(guard, "bob", "bobbob") == "bob"


async def test_many_names_from_one_address_make_the_address_wait(workers: Workers) -> None:
    guard = workers.guard()
    said = [await login(guard, f"name{number}", "x") for number in range(12)]
    assert said == ["wrong"] * 10 + ["wait 1"] * 2
    assert await login(guard, "alice", "alicealice") == "wait 1"
    assert await login(guard, "alice", "alicealice", CAFE) == "alice"


async def test_but_not_accounts_that_were_right_from_there_before(workers: Workers) -> None:
    guard = workers.guard()
    assert await login(guard, "alice", "alicealice") == "alice"
    for number in range(12):
        await login(guard, f"name{number}", "x")
    for worker in (guard, workers.guard()):
        assert await login(worker, "alice", "alicealice") == "alice"
        assert await login(worker, "bob", "bobbob") == "wait 1"


async def test_every_worker_knows_at_once_what_another_one_has_counted(workers: Workers) -> None:
    one, two = workers.guard(), workers.guard()
    await guess(one, "alice", 3)
    assert await login(two, "alice", "alicealice") == "wait 1"


async def test_and_within_a_second_where_the_password_was_right_before(workers: Workers) -> None:
    one, two = workers.guard(), workers.guard()
    assert await login(two, "alice", "alicealice") == "alice"
    await guess(one, "alice", 5)
    await login(one, "alice", "x")
    workers.time.seconds += 1  # the first wait is over now, and the next guess makes two seconds
    await login(one, "alice", "y")
    workers.time.seconds += 1
    assert await login(two, "alice", "alicealice") == "wait 1"


async def test_or_with_the_first_wrong_one_that_comes_before(workers: Workers) -> None:
    one, two = workers.guard(), workers.guard()
    assert await login(two, "alice", "alicealice") == "alice"
    await guess(one, "alice", 3)
    assert await login(two, "alice", "x") == "wait 1"
    assert await login(two, "alice", "alicealice") == "wait 1"


async def test_the_same_wrong_password_again_and_again_is_one_guess(workers: Workers) -> None:
    guard = workers.guard()
    for _ in range(30):
        assert await login(guard, "alice", "last year's") == "wrong"
    assert await login(guard, "alice", "alicealice") == "alice"


async def test_guesses_at_once_are_looked_at_one_by_one(workers: Workers) -> None:
    guard = workers.guard()
    said = await asyncio.gather(*(login(guard, "alice", f"guess {at}") for at in range(20)))
    assert said.count("wrong") == 3
    assert said.count("wait 1") == 17
    assert workers.accounts.most_at_once == 1


async def test_the_same_password_at_once_is_asked_once(workers: Workers) -> None:
    guard = workers.guard()
    said = await asyncio.gather(*(login(guard, "alice", "alicealice") for _ in range(200)))
    assert said == ["alice"] * 200
    assert workers.accounts.asked == 1


async def test_too_many_different_ones_at_once_are_refused(workers: Workers) -> None:
    guard = workers.guard()
    said = await asyncio.gather(
        *(guard.authenticate(BasicCredentials("alice", f"{at}", HOME)) for at in range(300)),
        return_exceptions=True,
    )
    assert {type(error).__name__ for error in said} == {
        "Unauthenticated",
        "TooManyGuesses",
        "Overloaded",
    }


async def test_a_burst_of_accounts_from_one_address_is_stopped_as_they_are_one_by_one(
    workers: Workers,
) -> None:
    guard = workers.guard()
    said = await asyncio.gather(*(login(guard, f"name{at}", "x") for at in range(100)))
    assert said.count("wrong") == workers.accounts.asked == LIMITS.address
    assert workers.accounts.most_at_once == 1


def anywhere(number: int) -> str:
    return f"203.0.{number // 250}.{number % 250}"


async def attack(guard: GuessGuard, addresses: int, name: str = "alice") -> "list[object]":
    """Guess once from each address, all of them at once."""
    credentials = [
        BasicCredentials(name or f"name{at}", f"{guard}{at}", anywhere(at))
        for at in range(addresses)
    ]
    return await asyncio.gather(
        *(guard.authenticate(one) for one in credentials), return_exceptions=True
    )


async def test_guesses_from_everywhere_keep_no_account_from_where_it_was_right_before(
    workers: Workers,
) -> None:
    assert await login(workers.guard(), "alice", "alicealice") == "alice"
    guard = workers.guard()  # a worker that has never seen her
    attacking = asyncio.create_task(attack(guard, 1000))
    await asyncio.sleep(0)
    asked = workers.accounts.asked
    assert await login(guard, "alice", "alicealice") == "alice"
    # Before those many that wait, and behind those few that were being looked at.
    assert workers.accounts.asked - asked < 20
    assert {type(said).__name__ for said in await attacking} == {"Unauthenticated", "Overloaded"}


@pytest.mark.parametrize("name", ["alice", ""])
async def test_nor_anybody_who_comes_from_elsewhere_for_the_first_time(
    workers: Workers, name: str
) -> None:
    guard = workers.guard()
    for _ in range(3):
        await attack(guard, 100, name)
        workers.time.seconds += 1
    attacking = [asyncio.create_task(attack(guard, 400, name)) for _ in range(5)]
    await asyncio.sleep(0)
    asked = workers.accounts.asked
    assert await login(guard, "bob", "bobbob", HOME) == "bob"
    assert workers.accounts.asked - asked < 350
    await asyncio.gather(*attacking)


async def test_mistakes_are_forgotten_after_an_hour_without_one(workers: Workers) -> None:
    guard = workers.guard()
    await guess(guard, "alice", 3)
    workers.time.seconds += 3601
    assert await login(guard, "alice", "new") == "wrong"
    assert await login(guard, "alice", "alicealice") == "alice"


async def test_nobody_guesses_tokens_so_they_are_not_counted(workers: Workers) -> None:
    guard = workers.guard()
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await guard.authenticate(BearerCredentials(f"token{number}", HOME))


async def test_nor_where_they_are_sent_as_passwords(workers: Workers) -> None:
    guard = GuessGuard(
        workers.accounts,
        workers.database.open(),
        LIMITS,
        workers.time,
        lambda: workers.time.seconds,
        is_token=lambda secret: secret.startswith("ent_"),
    )
    for number in range(20):
        assert await login(guard, "alice", f"ent_bot_{number}") == "wrong"
    assert await login(guard, "alice", "alicealice") == "alice"


def test_what_was_sent_as_a_name_is_not_written_down(workers: Workers, tmp_path: Path) -> None:
    asyncio.run(guess(workers.guard(), "hunter2-typed-as-a-name", 3))
    workers.database.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert HOME.encode() in kept
    assert b"hunter2" not in kept
    assert b"guess 1" not in kept
