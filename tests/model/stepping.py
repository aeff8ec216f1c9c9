"""A database that gives others their turn before each statement of a transaction.

Others read meanwhile what was there before, and wait where they want to change something; a kill
in the middle takes everything back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

from entrepot.drivers.sql.database import Database, Result, Row, Session, Values
from tests.model.scheduler import Killed, Scheduler

_Ask = tuple[str, "asyncio.Future[None]"]


class SteppedDatabase:
    """Implements `Database` with another one, of one writer at a time.

    Args:
        database: does the work.
        scheduler: gives the turns.
    """

    def __init__(self, database: Database, scheduler: Scheduler) -> None:
        self._database = database
        self._scheduler = scheduler
        self._is_written = False

    async def rows(self, query: str, /, **values: Any) -> list[Row]:
        await self._scheduler.turn(f"asks {query}")
        return await self._database.rows(query, **values)

    async def column(self, query: str, /, **values: Any) -> list[Any]:
        await self._scheduler.turn(f"asks {query}")
        return await self._database.column(query, **values)

    async def transaction(
        self, work: Callable[[Session], Awaitable[Result]], *, durable: bool = True
    ) -> Result:
        while self._is_written:
            await self._scheduler.turn("waits for the database", blocked=True)
        self._is_written = True
        asks: asyncio.Queue[_Ask | None] = asyncio.Queue()

        async def stepped(session: Session) -> Result:
            return await work(_SteppedSession(session, asks))

        # The change runs in a task of the driver; whoever asked for it takes its turns.
        running = asyncio.ensure_future(self._database.transaction(stepped, durable=durable))
        running.add_done_callback(lambda _: asks.put_nowait(None))
        try:
            while (ask := await asks.get()) is not None:
                await self._take_turn(*ask, running)
            return await running
        finally:
            self._is_written = False

    def reading(self) -> AbstractAsyncContextManager[Session]:
        return self._database.reading()

    def close(self) -> None:
        self._database.close()

    async def _take_turn(
        self, what: str, go_on: "asyncio.Future[None]", running: "asyncio.Future[Any]"
    ) -> None:
        try:
            await self._scheduler.turn(f"in a transaction: {what}")
        except Killed:
            go_on.set_exception(ConnectionError("its process was killed"))
            await asyncio.wait([running])
            running.exception()
            raise
        go_on.set_result(None)


class _SteppedSession:
    def __init__(self, session: Session, asks: "asyncio.Queue[_Ask | None]") -> None:
        self._session = session
        self._asks = asks

    async def rows(self, query: str, /, **values: Any) -> list[Row]:
        await self._turn(query)
        return await self._session.rows(query, **values)

    async def column(self, query: str, /, **values: Any) -> list[Any]:
        await self._turn(query)
        return await self._session.column(query, **values)

    async def run(self, query: str, /, **values: Any) -> int:
        await self._turn(query)
        return await self._session.run(query, **values)

    async def many(self, query: str, rows: Iterable[Values], /) -> int:
        await self._turn(query)
        return await self._session.many(query, rows)

    async def lock(self, scope: str, *keys: str) -> None:
        await self._session.lock(scope, *keys)

    async def _turn(self, what: str) -> None:
        go_on: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asks.put_nowait((what, go_on))
        await go_on
