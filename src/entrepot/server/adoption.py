"""Adopts the data directory at a start, and lets the log tell how far it is."""

import logging
import time

from entrepot.assembly.backend import Backend
from entrepot.services.adoption import MEANINGS, AdoptionReport, Outcome, Progress

logger = logging.getLogger("entrepot.adoption")

_TOLD_EVERY_SECONDS = 2.0
_EXAMPLES = 3
_TOLD = frozenset({Outcome.ADOPTED, Outcome.RESUMED, Outcome.UPDATED})


async def adopt_before_serving(backend: Backend) -> None:
    """Make known what Docker Registry has written into the directory, if that was not done.

    Args:
        backend: has the directory and the database.

    Raises:
        StorageOutage: something in the directory cannot be read.
        MetadataOutage: the database failed.
    """
    # Here, because most starts have nothing to adopt, and would load it for nothing.
    from entrepot.assembly.adoption import adopt_at_start

    report = await adopt_at_start(backend, _Teller().tell)
    if report is not None and report.outcome in _TOLD:
        log_report(report)


def log_report(report: AdoptionReport) -> None:
    """Log what an adoption has come to: the sum, then each kind of finding with examples."""
    counts = report.counts
    said = "the directory of Docker Registry was adopted"
    if report.outcome is Outcome.UPDATED:
        said = "changes that Docker Registry has made since the adoption were adopted"
    logger.info(
        said,
        extra={
            "fields": {
                "repositories": counts.repositories,
                "tags": counts.tags,
                "manifests": counts.manifests,
                "blobs": counts.blobs,
                "problems": report.problems,
                "notes": report.notes,
            }
        },
    )
    for summary in report.findings:
        level = logging.WARNING if summary.kind.is_problem else logging.INFO
        shown = "; ".join(
            f"{finding.repository} {finding.reference}".strip()
            for finding in summary.examples[:_EXAMPLES]
        )
        logger.log(
            level,
            "%s: %d, such as %s (all of them: entrepot adopt --json)",
            MEANINGS[summary.kind],
            summary.count,
            shown,
        )


class _Teller:
    """Logs progress, now and then."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._told < _TOLD_EVERY_SECONDS:
            return
        self._told = now
        logger.info(
            "adopting the directory of Docker Registry: %d of %d repositories, %d tags so far",
            progress.done,
            progress.total,
            progress.counts.tags,
        )
