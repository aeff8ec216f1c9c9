"""Events that were recorded before keep their numbers, and the next ones follow them."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from entrepot.drivers.sql.engines.sqlite import migrations
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migration_files
from entrepot.drivers.sql.metadata import SqlMetadata
from tests.contract.test_events import MOVED


def rows(path: Path) -> list[tuple[int, str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT number, id, kind FROM events ORDER BY number").fetchall()


async def record(path: Path) -> None:
    metadata = SqlMetadata(SqliteDatabase(path))
    for _ in range(2):
        await metadata.change(lambda transaction: transaction.record(MOVED))
    metadata.close()


def apply(path: Path, word: str) -> None:
    migration = next(file for file in migration_files("metadata") if word in file.name)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in migrations.split_statements(migration.read_text("utf-8")):
            connection.execute(statement)


def test_events_are_what_they_were(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    migrations.migrate(path, "metadata", durable=False)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE events")
    apply(path, "0014_events")
    asyncio.run(record(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM events WHERE number = 1")
    before = rows(path)
    apply(path, "cheaper_events")
    assert rows(path) == before
    asyncio.run(record(path))
    assert [number for number, *_ in rows(path)] == [2, 3, 4]
