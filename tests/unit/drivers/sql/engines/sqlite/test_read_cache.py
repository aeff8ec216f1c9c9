import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.commit_watch import CommitWatch
from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.engines.sqlite.read_cache import ReadCache
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import Transaction

NAME = RepositoryName("team/app")


@contextmanager
def watched(path: Path) -> Iterator[tuple[ReadCache, sqlite3.Connection]]:
    """A cache over a database, and a connection that changes it."""
    with (
        closing(connect(path, durable=True)) as connection,
        closing(connect(path, durable=True)) as reading,
    ):
        connection.execute("CREATE TABLE things (name TEXT)")
        yield ReadCache(CommitWatch(reading)), connection


def commit(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO things VALUES ('a')")


async def next_request() -> None:
    """Let come what stands in the event loop's queue by now."""
    await asyncio.sleep(0)


@pytest.mark.anyio
async def test_an_answer_is_kept_until_the_next_commit(tmp_path: Path) -> None:
    with watched(tmp_path / "some.db") as (cache, connection):
        assert cache.get("question") is None
        cache.put("question", [("answer",)])
        assert cache.get("question") == [("answer",)]
        await next_request()
        assert cache.get("question") == [("answer",)]
        commit(connection)
        await next_request()
        assert cache.get("question") is None


@pytest.mark.anyio
async def test_an_answer_read_before_a_commit_is_not_given_after_it(tmp_path: Path) -> None:
    with watched(tmp_path / "some.db") as (cache, connection):
        assert cache.get("question") is None
        commit(connection)
        cache.put("question", [("old",)])
        assert cache.get("question") is None


@pytest.mark.anyio
async def test_requests_that_have_come_already_share_one_look(tmp_path: Path) -> None:
    with watched(tmp_path / "some.db") as (cache, connection):
        cache.get("question")
        cache.put("question", [("answer",)])
        seen: list[tuple[str, object]] = []

        def ask(who: str) -> None:
            seen.append((who, cache.get("question")))

        loop = asyncio.get_running_loop()
        loop.call_soon(ask, "first")
        loop.call_soon(commit, connection)
        loop.call_soon(ask, "came before the commit")
        await next_request()
        loop.call_soon(ask, "came after it")
        await next_request()
    assert seen == [
        ("first", [("answer",)]),
        ("came before the commit", [("answer",)]),
        ("came after it", None),
    ]


@pytest.mark.anyio
async def test_nobody_sees_something_older_after_something_newer(tmp_path: Path) -> None:
    with watched(tmp_path / "some.db") as (cache, connection):
        cache.get("kept")
        cache.put("kept", [("old",)])
        assert cache.get("kept") == [("old",)]
        assert cache.get("asked") is None
        commit(connection)
        cache.put("asked", [("new",)])
        assert cache.get("kept") is None


@pytest.mark.anyio
async def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    with watched(tmp_path / "some.db") as (cache, _):
        payload = b"x" * 200_000
        for number in range(100):
            assert cache.get(number) is None
            cache.put(number, [(payload,)])
        kept = sum(cache.get(number) is not None for number in range(100))
        assert 0 < kept <= 20
        for number in range(10_000):
            cache.get(f"small {number}")
            cache.put(f"small {number}", [])
        kept = sum(cache.get(f"small {number}") is not None for number in range(10_000))
        assert 0 < kept <= 4096


def test_where_commits_cannot_be_watched_nothing_is_kept() -> None:
    cache = ReadCache(CommitWatch(None))
    assert cache.get("question") is None
    cache.put("question", [("answer",)])
    assert cache.get("question") is None


def test_a_reader_sees_what_another_process_has_just_committed(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    migrate(path, "metadata", durable=True)

    async def run() -> None:
        one, other = SqlMetadata(SqliteDatabase(path)), SqlMetadata(SqliteDatabase(path))
        with closing(one), closing(other):
            for number in range(50):
                name = RepositoryName(f"{NAME}{number}")
                for metadata in (one, other):
                    assert not await metadata.repository_exists(name)
                    assert not await metadata.repository_exists(name)

                async def add(transaction: Transaction, name: RepositoryName = name) -> None:
                    await transaction.repository(name, 1)

                await (one if number % 2 else other).change(add)
                for metadata in (one, other):
                    assert await metadata.repository_exists(name)

    asyncio.run(run())
