"""Collects in the background: every worker looks at the queue, one at a time sweeps.

What a look has removed is logged, some of it by name, and counted for the metrics.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from entrepot.errors import EntrepotError
from entrepot.operations.collection_metrics import CollectionMetrics
from entrepot.operations.housekeeping import Job
from entrepot.operations.schedule import Every
from entrepot.operations.scheduled import Once, Turn, scheduled_job
from entrepot.operations.worker_task import WorkerTask
from entrepot.ports.clock import Clock
from entrepot.ports.collection import Collected, CollectionQueue
from entrepot.ports.jobs import JobLedger
from entrepot.services.collection import Tally

logger = logging.getLogger("entrepot.collection")

SWEEP = "gc sweep"
# A change waits for this share of the interval at most, so that two looks fit into it: one that
# begins a grace, and one that ends it.
_LOOKS_AN_INTERVAL = 4
_NAMED_A_LOOK = 20
_MEASURE_SECONDS = 15.0

Look = Callable[[], Awaitable[None]]


class LoggingObserver:
    """Implements `CollectionObserver`: logs and counts.

    Args:
        metrics: of this worker.
    """

    def __init__(self, metrics: CollectionMetrics) -> None:
        self._metrics = metrics
        self._tally = Tally()
        self._named = 0

    def removed(self, removal: Collected) -> None:
        """Something was removed."""
        self._metrics.removed(removal)
        self._tally.removed(removal)
        self._named += 1
        if self._named <= _NAMED_A_LOOK:
            fields = {"kind": str(removal.kind), "bytes": removal.size}
            if removal.repository:
                fields["vars.name"] = removal.repository
            fields["name"] = removal.name
            logger.info("removed: %s", removal.why, extra={"fields": fields})

    def failed(self, what: str, error: EntrepotError) -> None:
        """Something could not be removed."""
        self._metrics.failed()
        self._tally.failed(what, error)
        logger.error(
            "%s; it will be tried again", error.message, extra={"fields": {"location": what}}
        )

    def swept(self, what: str, looked: int, queued: int) -> None:
        """A page of the full sweep was read."""
        self._metrics.swept(looked)
        self._tally.swept(what, looked, queued)

    def sum_up(self) -> None:
        """Log the sum of what was not logged by name, and begin anew."""
        tally, self._tally = self._tally, Tally()
        if self._named > _NAMED_A_LOOK:
            counts = {f"{kind}s": number for kind, number in tally.removals.items()}
            logger.info(
                "so much was removed that only part of it is listed",
                extra={"fields": {**counts, "freed": tally.freed}},
            )
        self._named = 0


class Collecting:
    """Looks at the queue again and again, in each worker.

    Args:
        look: looks once.
        observer: told to sum up after each look.
        interval: `gc.interval`, in seconds.
    """

    def __init__(self, look: Look, observer: LoggingObserver, interval: float) -> None:
        self._look = look
        self._observer = observer
        self._pause = interval / _LOOKS_AN_INTERVAL
        self._task = WorkerTask("collecting", self._run)

    def start(self) -> None:
        """Begin, on the worker's event loop."""
        self._task.start()

    async def stop(self) -> None:
        """Stop; what a look has not finished is found by the next."""
        await self._task.stop()

    async def _run(self) -> None:
        # The workers look one after the other, not all at once.
        await asyncio.sleep(random.uniform(0, self._pause))  # noqa: S311 - nobody needs to guess it
        while True:
            try:
                await self._look()
            except EntrepotError as error:
                logger.error("garbage collection failed and will be tried again: %s", error.message)
            except Exception:
                logger.exception("garbage collection failed and will be tried again")
            self._observer.sum_up()
            await asyncio.sleep(self._pause)


def measuring_job(queue: CollectionQueue, clock: Clock, metrics: CollectionMetrics) -> Job:
    """Make the job that tells the metrics how much there is to do."""

    async def work() -> None:
        metrics.queue(await queue.state(), clock.now())

    return Job("measuring the garbage collector's queue", 0.0, _MEASURE_SECONDS, work)


def sweep_job(
    ledger: JobLedger, clock: Clock, every: float, sweep: Look, observer: LoggingObserver
) -> list[Job]:
    """Make the job that sweeps; none where it is switched off.

    Args:
        ledger: remembers when the last one was.
        clock: tells the time.
        every: seconds from one to the next.
        sweep: reads everything once.
        observer: told to sum up.
    """
    if not every:
        return []

    async def work(turn: Turn) -> str:
        await sweep()
        observer.sum_up()
        return "swept"

    return [scheduled_job(Once(ledger, clock, SWEEP, work), Every(every))]
