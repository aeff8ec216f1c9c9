"""Who came a moment ago is recognised, for that moment, and only by the same header and address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.errors import TooManyGuesses
from entrepot.ports.access import BasicCredentials, BearerCredentials, Caller, Kind
from entrepot.services.authentication.recent import RecentLogins
from tests.unit.services.authentication.test_guard import HOME, Workers, guess

pytestmark = pytest.mark.anyio

ALICE = Caller("alice", Kind.USER)
HEADER = b"Basic YWxpY2U6YWxpY2VhbGljZQ=="


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(tmp_path)
    yield workers
    workers.database.close()


def remembering(workers: Workers) -> RecentLogins:
    recent = RecentLogins(workers.guard(), 0.25, lambda: workers.time.seconds)
    recent.keep(HEADER, BasicCredentials("alice", "alicealice", HOME), ALICE)
    return recent


async def test_for_a_moment(workers: Workers) -> None:
    recent = remembering(workers)
    assert recent.find(HEADER, HOME) == ALICE
    workers.time.seconds += 0.24
    assert recent.find(HEADER, HOME) == ALICE
    workers.time.seconds += 0.02
    assert recent.find(HEADER, HOME) is None


async def test_not_from_elsewhere_nor_by_another_header(workers: Workers) -> None:
    recent = remembering(workers)
    assert recent.find(HEADER, "198.51.100.7") is None
    for header in (HEADER[:-1], HEADER.lower(), HEADER + b" ", b""):
        assert recent.find(header, HOME) is None


async def test_a_token_too(workers: Workers) -> None:
    recent = remembering(workers)
    recent.keep(b"Bearer x", BearerCredentials("x", HOME), ALICE)
    assert recent.find(b"Bearer x", HOME) == ALICE


async def test_who_has_to_wait_waits_however_right_the_header_is(workers: Workers) -> None:
    guard = workers.guard()
    recent = RecentLogins(guard, 60, lambda: workers.time.seconds)
    recent.keep(HEADER, BasicCredentials("alice", "alicealice", HOME), ALICE)
    await guess(guard, "alice", 3)
    with pytest.raises(TooManyGuesses):
        recent.find(HEADER, HOME)
    workers.time.seconds += 1
    assert recent.find(HEADER, HOME) == ALICE


async def test_what_is_kept_is_bounded_and_holds_no_secret(workers: Workers) -> None:
    recent = remembering(workers)
    for number in range(5000):
        recent.keep(b"Bearer %d" % number, BearerCredentials(str(number), HOME), ALICE)
    kept = recent._kept
    assert len(kept) == 4096
    assert recent.find(HEADER, HOME) is None
    assert all(b"Bearer" not in digest and digest != b"4999" for digest, _ in kept)
