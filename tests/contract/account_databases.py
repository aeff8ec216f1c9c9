"""The drivers of accounts."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from entrepot.drivers.sql.accounts import SqliteAccounts
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.ports.accounts import Accounts


class AccountsDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> Accounts:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SqliteAccountsDatabase:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._opened: list[SqliteMetadata] = []

    def open(self) -> Accounts:
        self._opened.append(SqliteMetadata(self._path))
        return SqliteAccounts(self._opened[-1])

    def close(self) -> None:
        for database in self._opened:
            database.close()


ACCOUNTS: dict[str, Callable[[Path], AccountsDatabase]] = {"sqlite": SqliteAccountsDatabase}
