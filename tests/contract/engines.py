"""The databases behind the drivers, and one that runs every change twice."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from entrepot.drivers.sql.database import Database, Result, Row, Session
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.writer import GroupObserver, ignore_group
from entrepot.errors import EntrepotError


class Engine(Protocol):
    """Opens a database, as a process would."""

    def __call__(
        self, path: Path, *, durable: bool = True, observe: GroupObserver = ignore_group
    ) -> Database:
        """Open it; the file must have been migrated."""
        ...


class _TakenBack(EntrepotError):
    """Ends the first run of a change."""


class RepeatingDatabase:
    """Runs every change, takes it back, and runs it again.

    So does a database that has found out at the commit that a change stands in another's way. A
    change that keeps something from its first run, or counts what was taken back, shows itself.
    """

    def __init__(
        self, path: Path, *, durable: bool = True, observe: GroupObserver = ignore_group
    ) -> None:
        self._inner = SqliteDatabase(path, durable=durable, observe=observe)

    async def rows(self, query: str, /, **values: Any) -> list[Row]:
        return await self._inner.rows(query, **values)

    async def column(self, query: str, /, **values: Any) -> list[Any]:
        return await self._inner.column(query, **values)

    async def transaction(
        self, work: Callable[[Session], Awaitable[Result]], *, durable: bool = True
    ) -> Result:
        taken_back = _TakenBack("the first run")

        async def first(session: Session) -> None:
            await work(session)
            raise taken_back

        try:
            await self._inner.transaction(first, durable=durable)
        except _TakenBack as raised:
            if raised is not taken_back:
                raise
        return await self._inner.transaction(work, durable=durable)

    def reading(self) -> AbstractAsyncContextManager[Session]:
        return self._inner.reading()

    def close(self) -> None:
        self._inner.close()


ENGINES: dict[str, Engine] = {
    "sqlite": SqliteDatabase,
    "sqlite, every change twice": RepeatingDatabase,
}
