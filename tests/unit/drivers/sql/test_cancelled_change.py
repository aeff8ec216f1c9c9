"""A cancelled change is over when it is told: committed, or never made.

An upload holds its blob's folder until the row is known. Let go of earlier, a collector between
the two would unlink the bytes of a row that is committed behind it.
"""

import asyncio
import gc
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.writer import GroupWriter


def insert(content: str) -> Callable[[sqlite3.Connection], Awaitable[None]]:
    async def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things (content) VALUES (?)", (content,))

    return work


def kept(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT content FROM things ORDER BY id")]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "things.db"
    with closing(connect(path, durable=False)) as connection:
        connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, content TEXT)")
    return path


def test_a_cancelled_change_that_has_begun_is_waited_for(database: Path) -> None:
    async def work() -> None:
        writer = GroupWriter(connect(database, durable=False))
        with closing(connect(database, durable=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = asyncio.create_task(writer.run(insert("begun")))
            await asyncio.sleep(0.02)
            waiting = asyncio.create_task(writer.run(insert("waiting")))
            await asyncio.sleep(0.02)
            begun.cancel()
            waiting.cancel()
            await asyncio.sleep(0.05)
            assert not begun.done()
            assert waiting.cancelled()
            other.execute("COMMIT")
        with suppress(asyncio.CancelledError):
            await begun
        assert begun.cancelled()
        assert kept(database) == ["begun"]
        writer.close()

    asyncio.run(work())


def test_of_a_cancelled_change_that_fails_nothing_is_left_to_be_told(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        writer = GroupWriter(connect(database, durable=False))

        async def fail(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO nowhere VALUES (1)")

        with closing(connect(database, durable=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            failing = asyncio.create_task(writer.run(fail))
            for _ in range(5):  # turns of the loop in which it begins
                await asyncio.sleep(0)
            failing.cancel()
            await asyncio.sleep(0)
            other.execute("COMMIT")
        with suppress(asyncio.CancelledError):
            await failing
        writer.close()

    asyncio.run(work())
    gc.collect()
    assert caplog.records == []
