"""The drivers of the guess ledger."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.sessions import SqlGuessLedger, SqlUploadSessions
from entrepot.ports.guesses import GuessLedger
from tests.contract.engines import ENGINES, Engine


class GuessDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> GuessLedger:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SqliteGuessDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._engine = engine
        self._path = folder / "sessions.db"
        migrate(self._path, "sessions", durable=False)
        self._opened: list[SqlUploadSessions] = []

    def open(self) -> GuessLedger:
        self._opened.append(SqlUploadSessions(self._engine(self._path, durable=False)))
        return SqlGuessLedger(self._opened[-1].database)

    def close(self) -> None:
        for sessions in self._opened:
            sessions.close()


GUESSES: dict[str, Callable[[Path], GuessDatabase]] = {
    name: partial(SqliteGuessDatabase, engine=engine) for name, engine in ENGINES.items()
}
