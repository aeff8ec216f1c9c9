"""Changes of one process, grouped into few transactions.

Changes that arrive while a group is being committed form the next group. Each runs in a savepoint
of its own, so that one that fails takes back its own work only; nobody is answered before the
commit of its group is done.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from entrepot.drivers.sql.engines.sqlite.failures import is_busy, translate
from entrepot.drivers.threads import Threads
from entrepot.errors import EntrepotError, MetadataOutage

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Awaitable[Any]]
GroupObserver = Callable[[int, float], None]

logger = logging.getLogger("entrepot.database")

MAX_GROUP = 256
BUSY_WAIT_SECONDS = 10.0
BUSY_PAUSE_SECONDS = 0.001


def ignore_group(changes: int, seconds: float) -> None:
    """Observe nothing."""


class GroupWriter:
    """Runs changes on one connection.

    Args:
        connection: nobody else uses it.
        observe: told of each group: changes in it, and seconds from its begin to its commit.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        observe: GroupObserver = ignore_group,
    ) -> None:
        self._connection = connection
        # What a savepoint would bring back is else a file, made and removed with each larger group.
        connection.execute("PRAGMA temp_store = MEMORY")
        self._committer = Threads(1, "commit")
        self._observe = observe
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._draining: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[sqlite3.Connection], Awaitable[Result]]) -> Result:
        """Run a change and wait until it is committed.

        Cancelled, it forgets a change that has not begun, and waits for one that has: its caller
        may hold what must be held until the change is known to be there, or not to be.

        Args:
            work: makes the change; it must await nothing but what this driver offers.

        Raises:
            MetadataOutage: the database failed, or stayed locked for 10 s.
            StorageFull: there is no room.
            EntrepotError: what the work raised.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((work, future))
        if self._draining is None:
            self._draining = loop.create_task(self._drain())
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if any(waiting is future for _, waiting in self._waiting):
                future.cancel()
            else:
                await asyncio.wait([future])
                future.exception()  # whatever it is, nobody is left to be told
            raise

    def close(self) -> None:
        """Let go of the connection and the thread."""
        self._committer.close()
        self._connection.close()

    async def _drain(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
                group = [(work, future) for work, future in group if not future.done()]
                if group:
                    await self._run_group(group)
        finally:
            self._draining = None

    async def _run_group(self, group: list[tuple[Work, asyncio.Future[Any]]]) -> None:
        started = time.perf_counter()
        outcomes: list[Any] = []
        try:
            await _begin(self._connection)
            try:
                run = self._run_alone if len(group) == 1 else self._run_one
                for work, _ in group:
                    outcomes.append(await run(work))
                if len(group) > 1 or not isinstance(outcomes[0], _Failure):
                    await self._commit()
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            outcomes = [_Failure(translate(error))] * len(group)
        except EntrepotError as error:
            outcomes = [_Failure(error)] * len(group)
        except BaseException as error:  # only a bug gets here; it must not stop the others
            logger.exception("a group of changes failed in a way that nobody foresaw")
            outage = MetadataOutage("the database failed; the log has more")
            outage.__cause__ = error
            outcomes = [_Failure(outage)] * len(group)
        self._observe(len(group), time.perf_counter() - started)
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, _Failure):
                future.set_exception(outcome.error)
            else:
                future.set_result(outcome)

    async def _run_alone(self, work: Work) -> Any:
        """Run a change that shares its transaction with no other: it needs no savepoint."""
        try:
            return await work(self._connection)
        except (Exception, asyncio.CancelledError) as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return _Failure(translate(error) if isinstance(error, sqlite3.Error) else error)

    async def _run_one(self, work: Work) -> Any:
        self._connection.execute("SAVEPOINT one")
        try:
            outcome = await work(self._connection)
        except (Exception, asyncio.CancelledError) as error:
            if not self._connection.in_transaction:
                raise  # SQLite took the whole group back: no disk space, or an I/O error
            self._connection.execute("ROLLBACK TO one")
            outcome = _Failure(translate(error) if isinstance(error, sqlite3.Error) else error)
        self._connection.execute("RELEASE one")
        return outcome

    async def _commit(self) -> None:
        committing = self._committer.run(partial(self._connection.execute, "COMMIT"))
        try:
            await asyncio.shield(committing)
        except asyncio.CancelledError:
            # A commit under way cannot be called back, only waited for.
            await asyncio.wait([committing])
            raise


class InlineWriter:
    """Runs changes one by one on one connection whose commits do not wait for the disk.

    Args:
        connection: changed by nobody else in this process.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._free = asyncio.Lock()

    async def run(self, work: Callable[[sqlite3.Connection], Awaitable[Result]]) -> Result:
        """Run a change and commit it.

        Args:
            work: makes the change; it must await nothing but what this driver offers.

        Raises:
            MetadataOutage: the database failed, or stayed locked for 10 s.
            StorageFull: there is no room.
            EntrepotError: what the work raised.
        """
        async with self._free:
            try:
                await _begin(self._connection)
                try:
                    outcome = await work(self._connection)
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise translate(error) from error
        return outcome

    def close(self) -> None:
        """Do nothing: the connection is closed by whoever reads on it, too."""


async def _begin(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + BUSY_WAIT_SECONDS
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            await asyncio.sleep(BUSY_PAUSE_SECONDS)
        else:
            return


class _Failure:
    """A change that raised."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error
