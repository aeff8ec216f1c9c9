"""What a benchmark row is, and whether the figure that is asked of it was met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from statistics import median
from typing import Any

DOCKER = "docker-registry"
DISTRIBUTION = "docker-registry 3.1"
ENTREPOT = "entrepot"


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least this share of all samples does not exceed."""
    if not samples:
        raise ValueError("a percentile of no samples")
    ordered = sorted(samples)
    rank = -int(-share * len(ordered) // 1)  # rounded up, as nearest-rank has it
    return ordered[max(rank, 1) - 1]


class Comparison(StrEnum):
    """Which side of the figure is the good one."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A figure that is asked for: so many times another series, or a bare number.

    Args:
        comparison: which side is good.
        factor: how many times the other series' median; with no series, the bare limit.
        than: the other series' name, or none.
    """

    comparison: Comparison
    factor: float
    than: str | None = DOCKER

    def __str__(self) -> str:
        sign = "≥" if self.comparison is Comparison.AT_LEAST else "≤"
        return f"{sign} {self.factor:g}" + (f"x {self.than}" if self.than else "")

    def met_by(self, value: float) -> bool:
        if self.comparison is Comparison.AT_LEAST:
            return value >= self.factor
        return value <= self.factor


@dataclass(slots=True)
class Row:
    """One kind of work, measured several times on several servers.

    Args:
        work: what was done, as the table says it.
        unit: of the samples.
        samples: by series (a server's name, usually), one number a round.
        series: the one that the figure is asked of.
        wanted: the figures asked for, each judged by itself.
        generator_share: the load generator's CPU, in cores, while the judged series ran.
        saturated: whether the generator left the judged series too little of the machine.
        instead: the row that is judged where the generator was the limit.
        notes: what a reader must know.
    """

    work: str
    unit: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    series: str = ENTREPOT
    wanted: list[Wanted] = field(default_factory=list)
    generator_share: float = 0.0
    saturated: bool = False
    instead: str | None = None
    notes: list[str] = field(default_factory=list)

    def add(self, series: str, value: float) -> None:
        self.samples.setdefault(series, []).append(value)

    def middle(self, series: str) -> float | None:
        found = self.samples.get(series)
        return median(found) if found else None

    def ratio(self, than: str = DOCKER) -> float | None:
        """How many times the other series' median the judged one's is."""
        mine, other = self.middle(self.series), self.middle(than)
        return mine / other if mine is not None and other else None

    def judge(self, wanted: Wanted) -> bool | None:
        """Whether the figure was met; none where a series is missing."""
        value = self.ratio(wanted.than) if wanted.than else self.middle(self.series)
        return None if value is None else wanted.met_by(value)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Row:
        wanted = [
            Wanted(Comparison(one["comparison"]), one["factor"], one["than"])
            for one in document["wanted"]
        ]
        return cls(**(document | {"wanted": wanted}))


def at_least(factor: float, than: str | None = DOCKER) -> Wanted:
    return Wanted(Comparison.AT_LEAST, factor, than)


def at_most(factor: float, than: str | None = DOCKER) -> Wanted:
    return Wanted(Comparison.AT_MOST, factor, than)
