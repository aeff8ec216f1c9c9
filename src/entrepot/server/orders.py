"""What the supervisor hands to its workers."""

from dataclasses import dataclass
from pathlib import Path

from entrepot.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Orders:
    """What the supervisor hands to its workers.

    Attributes:
        settings: of the whole registry.
        runtime: RuntimeDirectory.path of this start.
        workers: how many there are.
    """

    settings: Settings
    runtime: Path
    workers: int
