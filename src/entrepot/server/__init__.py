"""Granian: a supervisor, its workers, signals, shutdown."""

from collections.abc import Callable

from entrepot.config.loaded import LoadedConfiguration


def run(loaded: LoadedConfiguration, announce: Callable[[], None] = lambda: None) -> int:
    """Run the registry until it is told to stop; see `supervisor.run`."""
    # Here, because each worker imports this package and has no use for the supervisor.
    from entrepot.server.supervisor import run as supervise

    return supervise(loaded, announce)


def prepare() -> None:
    """Begin to load what a start needs, beside whatever the caller does before `run`."""
    from entrepot.server.nursery import open_nursery

    open_nursery()
