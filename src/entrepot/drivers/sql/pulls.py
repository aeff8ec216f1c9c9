"""Pull times in the metadata's database; who gathers them in that of the upload sessions."""

from collections.abc import Collection
from typing import Any

from entrepot.drivers.sql.database import Database, Session
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.pulls import Gatherer


class SqlPullTimes:
    """Implements `PullTimes`.

    Args:
        database: has the manifests.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, pulled: Collection[tuple[RepositoryName, Digest]], now: int) -> None:
        """Write down that manifests were pulled; those that are gone are passed over."""
        rows = [{"name": name, "digest": digest, "now": now} for name, digest in pulled]

        async def work(session: Session) -> None:
            await session.many("note_pull", rows)

        await self._database.transaction(work)


class SqlPullGatherers:
    """Implements `PullGatherers`.

    Args:
        database: of the upload sessions: what a power loss takes was of workers that are gone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def join(self, name: str, until: int) -> None:
        """Become one of them, in the place of a dead one of that name."""
        await self._change("join_gatherers", name=name, until=until)

    async def look(self, name: str) -> Gatherer | None:
        """Tell how one of them stands; None when it is none."""
        rows = await self._database.rows("gatherer", name=name)
        return Gatherer(*rows[0]) if rows else None

    async def answer(self, name: str, asked: int, until: int) -> None:
        """Say that everything is written that was gathered before it was asked so often."""
        await self._change("answer_for_gatherer", name=name, asked=asked, until=until)

    async def leave(self, prefix: str) -> None:
        """Forget those whose names begin so: they have ended."""
        await self._change("leave_gatherers", prefix=prefix)

    async def ask(self) -> None:
        """Ask all of them."""
        await self._change("ask_gatherers")

    async def owing(self) -> dict[str, int]:
        """Give those that have not answered yet, with when each counts as dead."""
        return dict(await self._database.rows("owing_gatherers"))

    async def _change(self, query: str, **values: Any) -> None:
        async def work(session: Session) -> None:
            await session.run(query, **values)

        await self._database.transaction(work, durable=False)
