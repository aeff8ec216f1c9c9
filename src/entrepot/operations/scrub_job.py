"""The job that reads every blob now and then (``scrub``), and what it tells the metrics."""

from collections.abc import Awaitable, Callable

from entrepot.config.retention import ScrubSettings
from entrepot.operations.housekeeping import Job
from entrepot.operations.schedule import Every
from entrepot.operations.scheduled import Once, Turn, scheduled_job
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.jobs import JobLedger
from entrepot.ports.quarantine import Quarantine

SCRUB = "scrub"
_COUNT_SECONDS = 30.0
_PAGE = 500

Pass = Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]


class ScrubMetrics:
    """Implements `ScrubObserver`.

    Args:
        metrics: of this worker; None where nobody counts.
    """

    def __init__(self, metrics: WorkerMetrics | None) -> None:
        self._metrics = metrics
        self._add(0, 0, 0)

    def scrubbed(self, size: int, *, bad: bool) -> None:
        """A blob was read: of these bytes, and bad or not."""
        self._add(1, size, int(bad))

    def quarantined(self, count: int) -> None:
        """Tell how many blobs are in quarantine."""
        if self._metrics is not None:
            self._metrics.set_gauge(
                "entrepot_quarantined_blobs",
                "Blobs that are not served: their bytes are bad.",
                count,
            )

    def last_pass(self, moment: int) -> None:
        """Tell when the newest pass was done, in microseconds since 1970; 0 for never."""
        if self._metrics is not None:
            self._metrics.set_gauge(
                "entrepot_scrub_last_pass_timestamp_seconds",
                "When the newest pass over all blobs was done.",
                moment / MICROSECONDS,
            )

    def _add(self, blobs: int, size: int, bad: int) -> None:
        if self._metrics is None:
            return
        count = self._metrics.add_to_counter
        count("entrepot_scrub_blobs_total", "Blobs that were read and compared.", blobs)
        count("entrepot_scrub_bytes_total", "Bytes that were read and compared.", size)
        count("entrepot_scrub_bad_blobs_total", "Blobs that were found to be bad.", bad)


def scrub_job(ledger: JobLedger, clock: Clock, settings: ScrubSettings, run: Pass) -> list[Job]:
    """Make the job that makes passes; none where it is switched off.

    Args:
        ledger: remembers when the last one was.
        clock: tells the time.
        settings: how often.
        run: continues a pass from what it wrote down last.
    """
    if not settings.every:
        return []

    async def work(turn: Turn) -> str:
        return await run(turn.progress, turn.note)

    return [scheduled_job(Once(ledger, clock, SCRUB, work), Every(settings.every))]


def quarantine_job(ledger: JobLedger, quarantine: Quarantine, metrics: ScrubMetrics) -> Job:
    """Make the job that tells the metrics of the quarantine, and of the newest pass."""

    async def work() -> None:
        count, after = 0, 0
        while page := await quarantine.listed(after, _PAGE):
            count += len(page)
            after = page[-1].number
        metrics.quarantined(count)
        last = await ledger.last(SCRUB)
        metrics.last_pass(last.finished_at or 0 if last is not None else 0)

    return Job("counting blobs in quarantine", 0.0, _COUNT_SECONDS, work)
