"""The job ledger in the metadata's database."""

from entrepot.drivers.sql.database import Database, Row, Session, change
from entrepot.ports.jobs import JobRun

# Later than every run has begun.
_ALWAYS = 2**62


class SqlJobLedger:
    """Implements `JobLedger`.

    Args:
        database: has the ledger.
        holders: what the names of all holders of claims begin with in this process.
    """

    def __init__(self, database: Database, holders: str = "") -> None:
        self._database = database
        self.holders = holders

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
        values = {"name": name, "holder": holder, "now": now, "until": now + lease}

        async def work(session: Session) -> list[Row]:
            if since is None or unseen_is_due:
                rows = await session.rows("begin_job", **values)
                if rows:
                    return rows
            else:
                await session.run("meet_job", name=name, now=now)
            due = _ALWAYS if since is None else since
            return await session.rows("claim_job", since=due, **values)

        rows = await self._database.transaction(work)
        return JobRun(*rows[0]) if rows else None

    async def renew(self, name: str, holder: str, progress: str, now: int, lease: int) -> bool:
        """Hold on, and write down how far the run is; False when the claim was lost."""
        kept = await change(
            self._database,
            "renew_job",
            name=name,
            holder=holder,
            progress=progress,
            until=now + lease,
        )
        return kept == 1

    async def release(self, name: str, holder: str, progress: str) -> bool:
        """Let go of a run that is not done, for others to go on; False when it was lost."""
        kept = await change(
            self._database, "release_job", name=name, holder=holder, progress=progress
        )
        return kept == 1

    async def release_all(self, holders: str) -> int:
        """Let go of claims whose holders are known to have ended; tell how many."""
        return await change(self._database, "release_all_jobs", holders=holders)

    async def finish(self, name: str, holder: str, outcome: str, now: int) -> bool:
        """Write down that the run is done; False when the claim was lost."""
        kept = await change(
            self._database, "finish_job", name=name, holder=holder, outcome=outcome, now=now
        )
        return kept == 1

    async def last(self, name: str) -> JobRun | None:
        """Look at the newest run; None for a job that was never seen."""
        rows = await self._database.rows("last_job", name=name)
        return JobRun(*rows[0]) if rows else None
