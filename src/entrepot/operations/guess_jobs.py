"""The job that forgets wrong credentials of long ago."""

from entrepot.operations.housekeeping import Job
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.guesses import GuessLedger

_FIRST_SECONDS = 60.0
_INTERVAL_SECONDS = 300.0
# As long as the guard takes an account's address for one that is known.
_AGE = 30 * 24 * 3600 * MICROSECONDS
_KEPT = 100_000


def forgetting_job(ledger: GuessLedger, clock: Clock) -> Job:
    """Make the job.

    Args:
        ledger: what is remembered.
        clock: tells the time.
    """

    async def work() -> None:
        await ledger.forget(clock.now() - _AGE, _KEPT)

    return Job("forgetting wrong credentials", _FIRST_SECONDS, _INTERVAL_SECONDS, work)
