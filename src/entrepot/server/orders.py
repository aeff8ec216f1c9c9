"""What the supervisor hands to its workers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.config.settings import Settings

if TYPE_CHECKING:
    from entrepot.server.worker import Worker


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


def load(orders: Orders) -> Worker:
    """Build a worker; Granian calls this in each process that it starts.

    The supervisor hands it over and never calls it, and so does without the worker's code.
    """
    from entrepot.server.worker import work

    return work(orders)
