"""The job ledger in the metadata's database."""

import sqlite3
from typing import Any

from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.reader import QUERIES
from entrepot.ports.jobs import JobRun

# Later than every run has begun.
_ALWAYS = 2**62


class SqliteJobLedger:
    """Implements `JobLedger`.

    Args:
        database: whose file and whose commits it shares.
    """

    def __init__(self, database: SqliteMetadata) -> None:
        self._database = database

    async def claim(
        self,
        name: str,
        holder: str,
        now: int,
        lease: int,
        since: int | None = None,
        *,
        unseen_is_due: bool = False,
    ) -> JobRun | None:
        """Begin a run, or go on with one that was begun and not finished."""
        parameters = {"name": name, "holder": holder, "now": now, "until": now + lease}

        async def work(connection: sqlite3.Connection) -> list[Any]:
            if since is None or unseen_is_due:
                rows = connection.execute(QUERIES["begin_job"], parameters).fetchall()
                if rows:
                    return rows
            else:
                connection.execute(QUERIES["meet_job"], {"name": name, "now": now})
            due = {**parameters, "since": _ALWAYS if since is None else since}
            return connection.execute(QUERIES["claim_job"], due).fetchall()

        rows = await self._database.work(work)
        return JobRun(*rows[0]) if rows else None

    async def renew(self, name: str, holder: str, progress: str, now: int, lease: int) -> bool:
        """Hold on, and write down how far the run is; False when the claim was lost."""
        return await self._write(
            "renew_job", name=name, holder=holder, progress=progress, until=now + lease
        )

    async def release(self, name: str, holder: str, progress: str) -> bool:
        """Let go of a run that is not done, for others to go on; False when it was lost."""
        return await self._write("release_job", name=name, holder=holder, progress=progress)

    async def finish(self, name: str, holder: str, outcome: str, now: int) -> bool:
        """Write down that the run is done; False when the claim was lost."""
        return await self._write("finish_job", name=name, holder=holder, outcome=outcome, now=now)

    async def last(self, name: str) -> JobRun | None:
        """Look at the newest run; None for a job that was never seen."""
        rows = await self._database.rows("last_job", name=name)
        return JobRun(*rows[0]) if rows else None

    async def _write(self, query: str, **parameters: Any) -> bool:
        async def work(connection: sqlite3.Connection) -> int:
            return connection.execute(QUERIES[query], parameters).rowcount

        return await self._database.work(work) == 1
