"""The processes: a supervisor, the workers that it keeps, and their connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entrepot.config.loaded import LoadedConfiguration

# Imports stand inside the functions: each worker imports this package and has no use for the
# supervisor, and `prepare` is called before anything else is loaded.


def run(loaded: LoadedConfiguration, announce: Callable[[], None] = lambda: None) -> int:
    """Run the registry until it is told to stop; see `supervisor.run`."""
    from entrepot.server.supervisor import run as supervise

    return supervise(loaded, announce)


def prepare() -> None:
    """Begin to load what a start needs, beside whatever the caller does before `run`."""
    from entrepot.server.nursery import open_nursery

    open_nursery()
