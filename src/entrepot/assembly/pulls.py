"""Puts together what writes down when manifests were pulled."""

from entrepot.assembly.drivers import Drivers
from entrepot.config.settings import Settings
from entrepot.operations.pull_recorder import PullRecorder


def pull_recorder(settings: Settings, drivers: Drivers) -> PullRecorder | None:
    """Give what writes down when manifests were pulled; None where nothing does."""
    if not settings.pulls.enabled or settings.storage.maintenance.readonly.enabled:
        return None
    return PullRecorder(drivers.pulls, drivers.clock, settings.pulls.interval)
