"""A hundred thousand repositories, of which somebody sees a few."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.config.access import RuleSettings
from entrepot.drivers.sql.accounts import SqlAccounts
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.errors import Unauthenticated
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import ANONYMOUS, Action, Caller, Grant, Kind
from entrepot.ports.clock import SystemClock
from entrepot.services.access.rule_access import RuleAccess
from entrepot.services.access.rules import rules_of_file
from entrepot.services.access.view import Views
from entrepot.services.listing import Listing

pytestmark = pytest.mark.anyio

TEAMS, APPS = 1000, 100
BOB = Caller("bob", Kind.USER)
HIS = ["bob", "bob-more", "bob/api", "bob/web", "public/one", "team-500/app-7"]
OTHERS = ["alice/app", "bob-x/app", "public", "zoo/app"]


class Counted(SqlMetadata):
    """Counts the pages that were read."""

    pages = 0

    async def repositories(self, after: str, limit: int) -> list[RepositoryName]:
        """List repositories that have a manifest."""
        self.pages += 1
        return await super().repositories(after, limit)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "metadata.db"
    migrate(path, "metadata", durable=False)
    names = {f"team-{team:03}/app-{app}" for team in range(TEAMS) for app in range(APPS)}
    rows = [(name,) for name in sorted(names | set(HIS) | set(OTHERS))]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO repositories (name, populated, created_at) VALUES (?, 1, 0)", rows
        )
    return path


@pytest.fixture
def metadata(path: Path) -> Iterator[Counted]:
    metadata = Counted(SqliteDatabase(path))
    yield metadata
    metadata.close()


def listing(metadata: Counted, *rules: tuple[list[str], list[str]]) -> Listing:
    written = [
        RuleSettings(who=tuple(who), may=("list",), repositories=tuple(repositories))
        for who, repositories in rules
    ]
    views = Views(SqlAccounts(metadata.database), SystemClock(), rules_of_file(written))
    return Listing(metadata, RuleAccess(views, SystemClock()))


async def test_only_what_may_be_seen_is_looked_at(metadata: Counted) -> None:
    lists = listing(
        metadata,
        (["user:bob"], ["{user}", "{user}/**", "bob-more", "team-500/app-7"]),
        (["anonymous"], ["public/*"]),
    )
    page = await lists.repositories(BOB, "", 100)
    assert page.names == HIS
    assert not page.more
    assert metadata.pages <= 8


async def test_pages_begin_behind_any_name(metadata: Counted) -> None:
    lists = listing(metadata, (["user:bob"], ["{user}/**", "bob-more", "team-500/app-7", "bob"]))
    seen, after = [], ""
    for _ in range(20):
        page = await lists.repositories(BOB, after, 1)
        seen += page.names
        if not page.more:
            break
        after = page.names[-1]
    assert seen == ["bob", "bob-more", "bob/api", "bob/web", "team-500/app-7"]
    page = await lists.repositories(BOB, "team-400/app-7", 10)
    assert page.names == ["team-500/app-7"]
    assert (await lists.repositories(BOB, "zzz", 10)).names == []


async def test_where_all_must_be_looked_at_others_have_their_turn(metadata: Counted) -> None:
    lists = listing(metadata, (["user:bob"], ["*/app-7"]))
    task = asyncio.create_task(lists.repositories(BOB, "team-990/app-7", 100))
    longest = 0.0
    while not task.done():
        before = time.thread_time()  # of the loop, however busy the machine is
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - before)
    assert (await task).names == [f"team-{team}/app-7" for team in range(991, 1000)]
    assert longest < 0.1

    metadata.pages = 0
    page = await lists.repositories(BOB, "", 5)
    assert page.names == [f"team-00{team}/app-7" for team in range(5)]
    assert metadata.pages < 10


async def test_who_has_everything_reads_no_more_than_the_page(metadata: Counted) -> None:
    lists = listing(metadata, (["user:bob"], ["**"]))
    page = await lists.repositories(BOB, "", 100)
    assert len(page.names) == 100
    assert page.more
    assert metadata.pages == 1


async def test_who_sees_nothing_costs_nothing(metadata: Counted) -> None:
    lists = listing(metadata, (["user:bob"], ["{user}/**"]))
    assert (await lists.repositories(Caller("carol", Kind.USER), "", 100)).names == []
    with pytest.raises(Unauthenticated):
        await lists.repositories(ANONYMOUS, "", 100)
    assert metadata.pages <= 1


async def test_a_token_that_is_not_for_lists_is_told_so(metadata: Counted) -> None:
    lists = listing(metadata, (["user:bob"], ["**"]))
    limits = (Grant(frozenset({Action.PULL}), ("bob/api",)),)
    for narrow in (
        Caller("bob", Kind.USER, limits=limits, scoped=True),
        Caller("bob", Kind.USER, limits=limits, delegated=True),
    ):
        with pytest.raises(Unauthenticated) as caught:
            await lists.repositories(narrow, "", 9)
        assert caught.value.problem == "insufficient_scope"
    everywhere = Grant(frozenset({Action.LIST}), ("**",))
    caller = Caller("x", Kind.USER, limits=(everywhere,), delegated=True)
    assert (await lists.repositories(caller, "", 2)).names == ["alice/app", "bob"]
