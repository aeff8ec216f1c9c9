"""Jobs that run when they are due, once over all workers and nodes, by the job ledger."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from entrepot.errors import EntrepotError
from entrepot.operations.housekeeping import Job
from entrepot.operations.schedule import Schedule
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.jobs import JobLedger, JobRun

logger = logging.getLogger("entrepot.jobs")

LEASE_SECONDS = 60.0
_LOOK_SECONDS = 10.0


class LostClaim(Exception):
    """Somebody else continues the run: its lease had ended."""


class Turn:
    """One holder's turn at a run.

    Args:
        ledger: where the claim is.
        clock: tells the time.
        run: as it was claimed.

    Attributes:
        run: as it was claimed: its `progress` says where to go on.
    """

    def __init__(self, ledger: JobLedger, clock: Clock, run: JobRun) -> None:
        self._ledger = ledger
        self._clock = clock
        self.run = run
        self._progress = run.progress

    @property
    def progress(self) -> str:
        """How far it is."""
        return self._progress

    async def note(self, progress: str) -> None:
        """Hold on to the claim, and write down how far the work is.

        Raises:
            LostClaim: somebody else continues it.
        """
        run = self.run
        lease = int(LEASE_SECONDS * MICROSECONDS)
        held = run.holder is not None and await self._ledger.renew(
            run.name, run.holder, progress, self._clock.now(), lease
        )
        if not held:
            raise LostClaim(f"another worker continues {run.name}")
        self._progress = progress


Work = Callable[[Turn], Awaitable[str]]
"""Does what is due, from `turn.progress` on; gives a short sentence about what it did."""


@dataclass(frozen=True, slots=True)
class Once:
    """Runs work under a claim.

    Attributes:
        ledger: where the claim is.
        clock: tells the time.
        name: of the job in the ledger.
        work: does it.
        unseen_is_due: the first run is at once, and not when the schedule has come round.
    """

    ledger: JobLedger
    clock: Clock
    name: str
    work: Work
    unseen_is_due: bool = False

    async def run(self, schedule: Schedule | None = None) -> str | None:
        """Run it, if it is due and nobody else is at it.

        Args:
            schedule: when it is due; None means now.

        Returns:
            What it did; None when it did not run.
        """
        now = self.clock.now()
        since = None if schedule is None else schedule.since(now)
        # Looking first: a claim that is not given would wait for the disk each time.
        if since is not None and not _may_be_due(await self.ledger.last(self.name), now, since):
            return None
        holder = f"{self.ledger.holders}{uuid.uuid4().hex}"
        lease = int(LEASE_SECONDS * MICROSECONDS)
        run = await self.ledger.claim(
            self.name, holder, now, lease, since, unseen_is_due=self.unseen_is_due
        )
        if run is None:
            return None
        try:
            return await self._under(holder, Turn(self.ledger, self.clock, run))
        except LostClaim as lost:
            logger.warning("%s", lost)
            return None

    async def _under(self, holder: str, turn: Turn) -> str:
        worker = asyncio.ensure_future(self.work(turn))
        beat = asyncio.ensure_future(_keep_alive(turn, worker))
        try:
            outcome = await worker
        except asyncio.CancelledError:
            if beat.done():
                raise LostClaim(f"another worker continues {self.name}") from None
            worker.cancel()
            await asyncio.wait([worker])
            # A stop: others go on at once.
            with suppress(EntrepotError):
                await self.ledger.release(self.name, holder, turn.progress)
            raise
        except LostClaim:
            raise
        except Exception as error:
            said = error.message if isinstance(error, EntrepotError) else type(error).__name__
            with suppress(EntrepotError):
                await self.ledger.finish(self.name, holder, f"failed: {said}", self.clock.now())
            raise
        finally:
            beat.cancel()
        await self.ledger.finish(self.name, holder, outcome, self.clock.now())
        return outcome


def scheduled_job(
    once: Once, schedule: Schedule, first: float = _LOOK_SECONDS, interval: float = _LOOK_SECONDS
) -> Job:
    """Make the job that looks now and then whether a run is due.

    Args:
        once: what to run.
        schedule: when.
        first: seconds before the first look.
        interval: seconds between two looks.
    """

    async def work() -> None:
        outcome = await once.run(schedule)
        if outcome is not None:
            logger.info("finished %s: %s", once.name, outcome)

    return Job(once.name, first, interval, work)


def _may_be_due(last: JobRun | None, now: int, since: int) -> bool:
    if last is None:
        return True
    if last.holder is not None and last.claimed_until > now:
        return False
    return last.finished_at is None or last.started_at < since


async def _keep_alive(turn: Turn, worker: "asyncio.Future[str]") -> None:
    """Renew the lease while the work takes its time between two notes; stop it when it is lost."""
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        try:
            await turn.note(turn.progress)
        except LostClaim:
            worker.cancel()
            return
        except EntrepotError as error:
            logger.warning("%s could not renew its lease: %s", turn.run.name, error.message)
