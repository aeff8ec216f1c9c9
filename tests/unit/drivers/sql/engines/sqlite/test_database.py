"""What the seam promises of an SQLite file."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.drivers.sql.database import Session, change
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.errors import MetadataOutage, UnknownUpload

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    migrate(tmp_path / "metadata.db", "metadata", durable=True)
    database = SqliteDatabase(tmp_path / "metadata.db")
    yield database
    database.close()


@pytest.fixture
async def uploads(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    migrate(tmp_path / "sessions.db", "sessions", durable=False)
    database = SqliteDatabase(tmp_path / "sessions.db", durable=False)
    yield database
    database.close()


async def names(asked: Session | SqliteDatabase) -> list[str]:
    found = [await asked.column("find_repository", name=name) for name in ("a", "b")]
    return [name for name, number in zip("ab", found, strict=True) if number]


async def test_a_reading_session_sees_one_moment(database: SqliteDatabase) -> None:
    await change(database, "add_repository", name="a", now=1)
    async with database.reading() as session:
        assert await names(session) == ["a"]
        await change(database, "add_repository", name="b", now=1)
        assert await names(session) == ["a"]
        assert await names(database) == ["a", "b"]
    async with database.reading() as session:
        assert await names(session) == ["a", "b"]


async def test_two_can_read_at_once(database: SqliteDatabase) -> None:
    await change(database, "add_repository", name="a", now=1)
    async with database.reading() as early:
        assert await names(early) == ["a"]
        await change(database, "add_repository", name="b", now=1)
        async with database.reading() as late:
            assert await names(late) == ["a", "b"]
        assert await names(early) == ["a"]


async def test_a_reading_session_changes_nothing(database: SqliteDatabase) -> None:
    async with database.reading() as session:
        with pytest.raises(MetadataOutage):
            await session.run("add_repository", name="a", now=1)
        with pytest.raises(MetadataOutage):
            await session.many("add_repository", [{"name": "a", "now": 1}])
        with pytest.raises(MetadataOutage):
            await session.rows("add_repository", name="a", now=1)
    assert await names(database) == []


async def test_a_cancelled_question_leaves_a_session_that_can_be_used(
    database: SqliteDatabase,
) -> None:
    async def ask() -> None:
        async with database.reading() as session:
            while True:
                await names(session)

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await change(database, "add_repository", name="a", now=1)
    async with database.reading() as session:
        assert await names(session) == ["a"]


async def test_who_is_cancelled_while_a_moment_begins_leaves_a_session_that_can_be_used(
    database: SqliteDatabase,
) -> None:
    async def ask() -> None:
        async with database.reading():
            pytest.fail("it was cancelled before")

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await change(database, "add_repository", name="a", now=1)
    async with database.reading() as session:
        assert await names(session) == ["a"]


async def test_a_database_that_is_only_asked_refuses_changes(tmp_path: Path) -> None:
    migrate(tmp_path / "metadata.db", "metadata", durable=True)
    database = SqliteDatabase(tmp_path / "metadata.db", read_only=True)
    with pytest.raises(MetadataOutage):
        await change(database, "add_repository", name="a", now=1)
    with pytest.raises(MetadataOutage):
        await database.rows("add_repository", name="a", now=1)
    assert await names(database) == []
    database.close()


async def test_of_what_need_not_be_durable_a_failed_change_leaves_nothing(
    uploads: SqliteDatabase,
) -> None:
    async def fail(session: Session) -> None:
        await session.run("count_guess", subject="a", now=1, forgotten=0)
        raise UnknownUpload("after all not", {})

    with pytest.raises(UnknownUpload):
        await uploads.transaction(fail, durable=False)
    assert await uploads.rows("guess", subject="a") == []


async def test_changes_that_need_not_be_durable_come_one_after_another(
    uploads: SqliteDatabase,
) -> None:
    async def count(session: Session) -> int:
        first = await session.column("count_guess", subject="a", now=1, forgotten=0)
        await asyncio.sleep(0.01)
        second = await session.column("count_guess", subject="a", now=1, forgotten=0)
        assert second[0] == first[0] + 1
        return int(second[0])

    tasks = [uploads.transaction(count, durable=False) for _ in range(4)]
    assert sorted(await asyncio.gather(*tasks)) == [2, 4, 6, 8]


async def test_pages_end_where_their_bytes_do(database: SqliteDatabase) -> None:
    async def fill(session: Session) -> None:
        await session.run("add_repository", name="a", now=1)
        for number in range(5):
            await session.run(
                "keep_manifest",
                repository=1,
                digest=f"sha256:{number}",
                media_type="m",
                artifact_type=None,
                subject="sha256:s",
                annotations="x" * 400_000,
                size=1,
                pushed_at=1,
                payload=b"{}",
            )

    await database.transaction(fill)
    page = await database.rows("referrers", name="a", subject="sha256:s", after="", limit=5)
    assert len(page) == 3
