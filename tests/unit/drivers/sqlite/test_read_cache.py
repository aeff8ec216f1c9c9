import asyncio
from contextlib import closing
from pathlib import Path

from entrepot.drivers.sqlite.commit_watch import CommitWatch
from entrepot.drivers.sqlite.connection import connect
from entrepot.drivers.sqlite.metadata import SqliteMetadata
from entrepot.drivers.sqlite.migrations import migrate
from entrepot.drivers.sqlite.read_cache import ReadCache
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import Transaction

NAME = RepositoryName("team/app")


def test_an_answer_is_kept_until_the_next_commit(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    with (
        closing(connect(path, durable=True)) as connection,
        closing(connect(path, durable=True)) as reading,
    ):
        connection.execute("CREATE TABLE things (name TEXT)")
        cache = ReadCache(CommitWatch(reading))
        assert cache.get("question") is None
        cache.put("question", [("answer",)])
        assert cache.get("question") == [("answer",)]
        connection.execute("INSERT INTO things VALUES ('a')")
        assert cache.get("question") is None


def test_an_answer_read_before_a_commit_is_not_given_after_it(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    with (
        closing(connect(path, durable=True)) as connection,
        closing(connect(path, durable=True)) as reading,
    ):
        connection.execute("CREATE TABLE things (name TEXT)")
        cache = ReadCache(CommitWatch(reading))
        assert cache.get("question") is None
        connection.execute("INSERT INTO things VALUES ('a')")
        cache.put("question", [("old",)])
        assert cache.get("question") is None


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    with (
        closing(connect(path, durable=True)) as connection,
        closing(connect(path, durable=True)) as reading,
    ):
        connection.execute("CREATE TABLE things (name TEXT)")
        cache = ReadCache(CommitWatch(reading))
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
        one, other = SqliteMetadata(path), SqliteMetadata(path)
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
