"""The drivers of usage and of its recount, each beside the metadata that they count."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Protocol

from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.recount import SqlUsageRecount
from entrepot.drivers.sql.usage import SqlUsage
from entrepot.ports.metadata import Metadata
from entrepot.ports.usage import CounterDifference, UsageReader, UsageRecount
from entrepot.services.usage.recount import differences, repair
from tests.contract.engines import ENGINES, Engine


class UsageDatabase(Protocol):
    """One database with its counters."""

    metadata: Metadata
    usage: UsageReader
    recount: UsageRecount

    def damage(self, statement: str) -> None:
        """Change rows behind the back of what keeps the counters."""
        ...

    def run(self, statement: str) -> None:
        """Change rows as a driver of a later release might, past the port."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class SqliteUsageDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._engine = engine
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._sqlite = SqlMetadata(self._engine(self._path))
        self.metadata: Metadata = self._sqlite
        self._asked = SqliteDatabase(self._path, read_only=True)
        self.usage: UsageReader = SqlUsage(self._asked)
        self.recount: UsageRecount = SqlUsageRecount(self._sqlite.database)

    def damage(self, statement: str) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            found = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in found:
                connection.execute(f"DROP TRIGGER {name}")
            assert connection.execute(statement).rowcount, f"it changed nothing: {statement}"
            for _, sql in found:
                connection.execute(sql)

    def run(self, statement: str) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(statement)

    def close(self) -> None:
        self._asked.close()
        self._sqlite.close()


async def recounted(recount: UsageRecount) -> list[CounterDifference]:
    """Everything that a whole recount finds wrong."""
    return [found async for page in differences(recount) for found in page]


async def differences_in(database: Path) -> list[CounterDifference]:
    """Everything that a whole recount of a metadata database finds wrong, whoever uses it."""
    with closing(SqliteDatabase(database)) as opened:
        return await recounted(SqlUsageRecount(opened))


async def repaired(recount: UsageRecount) -> list[CounterDifference]:
    """Everything that a whole recount found wrong and has set right."""
    return [found async for page in repair(recount) for found in page]


USAGES: dict[str, Callable[[Path], UsageDatabase]] = {
    name: partial(SqliteUsageDatabase, engine=engine) for name, engine in ENGINES.items()
}
