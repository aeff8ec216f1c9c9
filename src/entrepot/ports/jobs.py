"""The job ledger: work in the background that is done once, over all workers and nodes.

Each kind of work has one row with its newest run. A claim makes its holder the only one who runs
it, until the run is finished or released, or the lease runs out; a run that was not finished is
resumed by the next claimant. A schedule is a moment: the run is due when the last one
began before it, so that after a long stop it is caught up once.

All times are microseconds since 1970, UTC; leases are microseconds, too.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class JobRun:
    """The newest run of a job.

    Attributes:
        name: of the job, such as `retention`.
        holder: who runs it; None when nobody does.
        claimed_until: when the holder's claim ends by itself.
        started_at: when the run began; it stays when another holder continues it.
        finished_at: when it was done; None while it is not.
        outcome: a short sentence about what it did, once it is done.
        progress: how far it is, in the words of the work itself; empty at its begin.
    """

    name: str
    holder: str | None
    claimed_until: int
    started_at: int
    finished_at: int | None
    outcome: str
    progress: str


class JobLedger(Protocol):
    """Keeps runs. Everything raises MetadataOutage when the database fails.

    Attributes:
        holders: what the names of all holders of claims begin with in this process.
    """

    holders: str

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
        """Begin a run, or go on with one that was begun and not finished.

        Args:
            name: of the job.
            holder: who claims, unique for each claim.
            now: the time.
            lease: after which the claim ends by itself.
            since: the run is due only when the last one began before this moment. None means that
                it is due.
            unseen_is_due: of a job that was never seen, when `since` is given. Otherwise it is
                noted, and counts as run at `now`.

        Returns:
            The run; None when it is not due, or somebody else is at it.
        """
        ...

    async def renew(self, name: str, holder: str, progress: str, now: int, lease: int) -> bool:
        """Hold on, and write down how far the run is; False when the claim was lost."""
        ...

    async def release(self, name: str, holder: str, progress: str) -> bool:
        """Let go of a run that is not done, for others to go on; False when it was lost."""
        ...

    async def release_all(self, holders: str) -> int:
        """Let go of claims whose holders are known to have ended; tell how many.

        Args:
            holders: what the names of these holders begin with.
        """
        ...

    async def finish(self, name: str, holder: str, outcome: str, now: int) -> bool:
        """Write down that the run is done; False when the claim was lost."""
        ...

    async def last(self, name: str) -> JobRun | None:
        """Look at the newest run; None for a job that was never seen."""
        ...
