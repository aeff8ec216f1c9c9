"""The seam between what is said in SQL, once, and the engines that run it.

A statement is named, and stands in `queries/*.sql`, or in an engine's own folder where the engines
differ. Everything else in this package speaks through these protocols and knows no engine.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")
Row = tuple[Any, ...]
Values = Mapping[str, Any]


class Asks(Protocol):
    """Answers named queries. Everything raises MetadataOutage when the database fails.

    The rows of an answer may be shared with others who asked the same: nobody changes them.
    """

    async def rows(self, query: str, /, **values: Any) -> list[Row]:
        """Ask a query.

        Args:
            query: its name.
            values: its parameters; a list where the query takes one (`{each ...}`).
        """
        ...

    async def column(self, query: str, /, **values: Any) -> list[Any]:
        """Ask a query for the first value of each row."""
        ...


class Session(Asks, Protocol):
    """What a transaction can ask and change. Its statements see what it has done so far."""

    async def run(self, query: str, /, **values: Any) -> int:
        """Run a statement; tell how many rows it has changed."""
        ...

    async def many(self, query: str, rows: Iterable[Values], /) -> int:
        """Run a statement once for each of many sets of values; tell how many rows changed."""
        ...

    async def lock(self, scope: str, *keys: str) -> None:
        """Keep others from what these keys name until the transaction ends.

        For what no row can be locked, because it need not exist. An engine with one writer at a
        time has nothing to do.

        Args:
            scope: sort of thing that is locked, such as `tag`.
            keys: names within it; locked in their order, whatever the order they come in.
        """
        ...


class Database(Asks, Protocol):
    """A database. Its own questions stand outside any transaction, and see what is committed."""

    async def transaction(
        self, work: Callable[[Session], Awaitable[Result]], *, durable: bool = True
    ) -> Result:
        """Run a function in a transaction; when this returns, what it did is committed.

        Args:
            work: is run again when the database asks for it, so it has no effect but through its
                session, and awaits nothing else that may wait.
            durable: whether a crash of the machine must not lose it.

        Raises:
            MetadataOutage: the database failed, or stayed locked.
            StorageFull: the database has no room.
            EntrepotError: what the function raised; nothing of its work is kept.
        """
        ...

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """Ask any number of questions about one moment, beside the event loop.

        For walks through the whole database and reports. The session refuses to change anything.
        """
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


async def change(database: Database, query: str, /, **values: Any) -> int:
    """Run one statement in a transaction of its own; tell how many rows it has changed."""

    async def work(session: Session) -> int:
        return await session.run(query, **values)

    return await database.transaction(work)
