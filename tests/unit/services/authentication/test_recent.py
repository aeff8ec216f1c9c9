"""Who came a moment ago is recognised, for that moment, and only by the same header and address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.errors import TooManyGuesses, Unauthenticated
from entrepot.ports.access import BasicCredentials, Caller, Kind
from entrepot.services.authentication.recent import Edition, RecentLogins, no_edition
from tests.unit.services.authentication.test_guard import HOME, Workers, guess

pytestmark = pytest.mark.anyio

ALICE = Caller("alice", Kind.USER)
HEADER = b"Basic YWxpY2U6YWxpY2VhbGljZQ=="


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(tmp_path)
    yield workers
    workers.database.close()


PASSWORD = BasicCredentials("alice", "alicealice", HOME)


async def remembering(workers: Workers, edition: Edition = no_edition) -> RecentLogins:
    recent = RecentLogins(workers.guard(), edition, 0.25, lambda: workers.time.seconds)
    assert await recent.login(HEADER, PASSWORD) == ALICE
    return recent


async def test_for_a_moment(workers: Workers) -> None:
    recent = await remembering(workers)
    assert await recent.find(HEADER, HOME) == ALICE
    workers.time.seconds += 0.24
    assert await recent.find(HEADER, HOME) == ALICE
    workers.time.seconds += 0.02
    assert await recent.find(HEADER, HOME) is None


async def test_not_from_elsewhere_nor_by_another_header(workers: Workers) -> None:
    recent = await remembering(workers)
    assert await recent.find(HEADER, "198.51.100.7") is None
    for header in (HEADER[:-1], HEADER.lower(), HEADER + b" ", b""):
        assert await recent.find(header, HOME) is None


async def test_no_longer_than_accounts_are_what_they_were(workers: Workers) -> None:
    editions = [1]

    async def edition() -> int:
        return editions[-1]

    recent = await remembering(workers, edition)
    assert await recent.find(HEADER, HOME) == ALICE
    editions.append(2)
    assert await recent.find(HEADER, HOME) is None


async def test_what_changes_while_somebody_logs_in_counts(workers: Workers) -> None:
    editions = iter((1, 2, 2))

    async def edition() -> int:
        return next(editions)

    recent = await remembering(workers, edition)
    assert await recent.find(HEADER, HOME) is None


async def test_who_has_to_wait_waits_however_right_the_header_is(workers: Workers) -> None:
    guard = workers.guard()
    recent = RecentLogins(guard, seconds=60, clock=lambda: workers.time.seconds)
    await recent.login(HEADER, PASSWORD)
    await guess(guard, "alice", 3)
    with pytest.raises(TooManyGuesses):
        await recent.find(HEADER, HOME)
    workers.time.seconds += 1
    assert await recent.find(HEADER, HOME) == ALICE


async def test_a_header_that_is_wrong_is_not_remembered(workers: Workers) -> None:
    recent = RecentLogins(workers.guard())
    with pytest.raises(Unauthenticated):
        await recent.login(HEADER, BasicCredentials("alice", "wrong", HOME))
    assert await recent.find(HEADER, HOME) is None
