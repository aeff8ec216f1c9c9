import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.writer import GroupWriter
from entrepot.errors import MetadataOutage, StorageFull

LARGE = bytes(100_000)


def insert(content: bytes) -> Callable[[sqlite3.Connection], Awaitable[None]]:
    async def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things (content) VALUES (?)", (content,))

    return work


def kept(path: Path) -> list[bytes]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT content FROM things ORDER BY id")]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "things.db"
    with closing(connect(path, durable=True)) as connection:
        connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, content BLOB)")
    return path


def test_a_database_without_room_refuses_what_does_not_fit_and_keeps_what_it_said(
    database: Path,
) -> None:
    async def work() -> None:
        connection = connect(database, durable=True)
        connection.execute("PRAGMA max_page_count = 40")
        writer = GroupWriter(connection)
        await writer.run(insert(b"before"))
        outcomes = await asyncio.gather(
            *(writer.run(insert(content)) for content in (b"small", LARGE, LARGE, b"last")),
            return_exceptions=True,
        )
        told = [isinstance(outcome, StorageFull) for outcome in outcomes]
        assert True in told
        assert all(outcome is None or isinstance(outcome, StorageFull) for outcome in outcomes)
        connection.execute("PRAGMA max_page_count = 4000")
        await writer.run(insert(b"after"))
        writer.close()
        contents = (b"small", LARGE, LARGE, b"last")
        taken = [c for c, refused in zip(contents, told, strict=True) if not refused]
        assert kept(database) == [b"before", *taken, b"after"]

    asyncio.run(work())


def test_a_change_that_fails_takes_back_its_own_work_only(database: Path) -> None:
    async def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things (content) VALUES (?)", (b"half",))
        connection.execute("INSERT INTO nowhere VALUES (1)")

    async def work() -> None:
        writer = GroupWriter(connect(database, durable=True))
        first, failed, last = await asyncio.gather(
            writer.run(insert(b"first")),
            writer.run(fail),
            writer.run(insert(b"last")),
            return_exceptions=True,
        )
        writer.close()
        assert (first, last) == (None, None)
        assert isinstance(failed, MetadataOutage)
        assert kept(database) == [b"first", b"last"]

    asyncio.run(work())


def test_nobody_is_answered_before_the_commit(database: Path) -> None:
    async def work() -> None:
        writer = GroupWriter(connect(database, durable=True))
        for number in range(20):
            await writer.run(insert(b"%d" % number))
            assert kept(database)[-1] == b"%d" % number
        writer.close()

    asyncio.run(work())


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 0)])
def test_a_durable_connection_waits_for_the_disk(database: Path, durable: bool, level: int) -> None:
    with closing(connect(database, durable=durable)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
