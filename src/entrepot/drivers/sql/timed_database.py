"""Times what is asked of a database, at its seam: by the names of queries."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from time import perf_counter
from typing import Any

from entrepot.drivers.sql.database import Database, Result, Row, Session

Observe = Callable[[str, float], None]
"""Told of a query's name, or `transaction`, and of the seconds that it took, waiting included."""


class TimedDatabase:
    """Implements `Database` with another one.

    Args:
        database: does the work.
        observe: told of each question and transaction.
    """

    def __init__(self, database: Database, observe: Observe) -> None:
        self._database = database
        self._observe = observe

    async def rows(self, query: str, /, **values: Any) -> list[Row]:
        """Ask a query."""
        began = perf_counter()
        try:
            return await self._database.rows(query, **values)
        finally:
            self._observe(query, perf_counter() - began)

    async def column(self, query: str, /, **values: Any) -> list[Any]:
        """Ask a query for the first value of each row."""
        began = perf_counter()
        try:
            return await self._database.column(query, **values)
        finally:
            self._observe(query, perf_counter() - began)

    async def transaction(
        self, work: Callable[[Session], Awaitable[Result]], *, durable: bool = True
    ) -> Result:
        """Run a function in a transaction."""
        began = perf_counter()
        try:
            return await self._database.transaction(work, durable=durable)
        finally:
            self._observe("transaction", perf_counter() - began)

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """Ask any number of questions about one moment; they are timed by nobody."""
        return self._database.reading()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()
