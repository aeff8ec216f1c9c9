"""What an adoption has come to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from entrepot.ports.adoption import (
    AdoptionCounts,
    AdoptionLog,
    AdoptionState,
    Finding,
    FindingKind,
)

EXAMPLES = 10
_FINDINGS_A_QUERY = 1_000


class Outcome(StrEnum):
    """What was done this time."""

    ADOPTED = "adopted"
    RESUMED = "resumed"
    NOTHING_TO_ADOPT = "nothing-to-adopt"
    ADOPTED_BEFORE = "adopted-before"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class FindingSummary:
    """The findings of one kind: how many, and the first of them."""

    kind: FindingKind
    count: int
    examples: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class AdoptionReport:
    """What was adopted, and what was found; times in microseconds since 1970, UTC.

    Attributes:
        outcome: what was done this time.
        started_at: when adoption began first.
        finished_at: when it was done.
        counts: what it has made known; of an update, what this update has.
        findings: a summary of each kind that was found, problems first.
    """

    outcome: Outcome
    started_at: int
    finished_at: int
    counts: AdoptionCounts
    findings: tuple[FindingSummary, ...]

    @property
    def problems(self) -> int:
        """Findings because of which something may be lost."""
        return sum(summary.count for summary in self.findings if summary.kind.is_problem)

    @property
    def notes(self) -> int:
        """Findings that are merely worth knowing."""
        return sum(summary.count for summary in self.findings if not summary.kind.is_problem)


async def write_report(log: AdoptionLog, outcome: Outcome, state: AdoptionState) -> AdoptionReport:
    """Put a finished adoption's report together."""
    summaries = []
    for kind in FindingKind:
        count = await log.count_findings(kind)
        if count:
            examples = await log.findings(kind, None, EXAMPLES)
            summaries.append(FindingSummary(kind, count, tuple(examples)))
    finished_at = state.finished_at or state.started_at
    return AdoptionReport(outcome, state.started_at, finished_at, state.counts, tuple(summaries))


async def all_findings(log: AdoptionLog) -> AsyncIterator[Finding]:
    """Give every finding, kind by kind."""
    for kind in FindingKind:
        async for finding in findings_of_kind(log, kind):
            yield finding


async def findings_of_kind(log: AdoptionLog, kind: FindingKind) -> AsyncIterator[Finding]:
    """Give every finding of a kind, in order."""
    last: Finding | None = None
    while page := await log.findings(kind, last, _FINDINGS_A_QUERY):
        for finding in page:
            yield finding
        last = page[-1]
