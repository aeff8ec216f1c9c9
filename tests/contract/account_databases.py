"""The drivers of accounts."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from entrepot.drivers.sql.accounts import SqlAccounts
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.ports.accounts import Accounts
from tests.contract.engines import ENGINES, Engine


class AccountsDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> Accounts:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SqliteAccountsDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._engine = engine
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._opened: list[SqlMetadata] = []

    def open(self) -> Accounts:
        self._opened.append(SqlMetadata(self._engine(self._path)))
        return SqlAccounts(self._opened[-1].database)

    def close(self) -> None:
        for database in self._opened:
            database.close()


ACCOUNTS: dict[str, Callable[[Path], AccountsDatabase]] = {
    name: partial(SqliteAccountsDatabase, engine=engine) for name, engine in ENGINES.items()
}
