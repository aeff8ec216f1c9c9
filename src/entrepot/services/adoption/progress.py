"""How far adoption is, for whoever waits for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from entrepot.ports.adoption import AdoptionCounts


class Stage(StrEnum):
    """What is being done."""

    ADOPTING = "adopting"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is.

    Attributes:
        stage: what is being done.
        done: repositories adopted, or bytes verified.
        total: of them in all.
        repository: the one at work, empty while verifying.
        counts: what was made known so far, in this run and those before it.
        finished_repository: whether that repository is wholly adopted.
    """

    stage: Stage
    done: int
    total: int
    repository: str = ""
    counts: AdoptionCounts = field(default_factory=AdoptionCounts)
    finished_repository: bool = False


ProgressObserver = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Observe nothing."""
