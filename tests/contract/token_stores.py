"""The drivers of what the token server keeps."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.tokens import SqlTokenStore
from entrepot.ports.tokens import TokenStore
from tests.contract.engines import ENGINES, Engine


class TokenDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> TokenStore:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SqliteTokenDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._engine = engine
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._opened: list[SqlMetadata] = []

    def open(self) -> TokenStore:
        self._opened.append(SqlMetadata(self._engine(self._path)))
        return SqlTokenStore(self._opened[-1].database)

    def close(self) -> None:
        for database in self._opened:
            database.close()


TOKEN_STORES: dict[str, Callable[[Path], TokenDatabase]] = {
    name: partial(SqliteTokenDatabase, engine=engine) for name, engine in ENGINES.items()
}
