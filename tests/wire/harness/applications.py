"""The real application on real files, in this process."""

from pathlib import Path
from typing import Any

import yaml

from entrepot.assembly.access import build_access
from entrepot.assembly.application import build_application
from entrepot.assembly.backend import Backend
from entrepot.assembly.drivers import Drivers
from entrepot.assembly.mirrors import Connect, build_mirrors
from entrepot.config import load
from entrepot.config.settings import Settings
from entrepot.operations.requests import RequestRecord
from tests.wire.harness.in_process import InProcess, LoopThread
from tests.wire.harness.server import default_configuration, merged


class Counting:
    """Counts the requests that are under way."""

    def __init__(self) -> None:
        self.under_way = 0

    def started(self, record: RequestRecord) -> None:
        """A request has begun."""
        self.under_way += 1

    def finished(self, record: RequestRecord) -> None:
        """It is over."""
        self.under_way -= 1


class Running:
    """An application and what it works on.

    Args:
        loop: where it runs.
        directory: where its configuration and data lie; may hold those of an earlier one.
        changes: laid over the tests' configuration.
        connect: gives what asks the upstreams of mirrors.
    """

    def __init__(
        self,
        loop: LoopThread,
        directory: Path,
        changes: dict[str, Any],
        connect: Connect | None = None,
    ) -> None:
        self.loop = loop
        self.data = directory / "data"
        self.settings = settings_of(directory, changes)
        self.observer = Counting()
        self.drivers: Drivers = loop.run(self._open())
        self._control = build_access(self.settings, self.drivers)
        self._mirrors = build_mirrors(self.settings, self.drivers, connect)
        self.application = build_application(
            self.settings,
            self.drivers,
            self.observer,
            control=self._control,
            mirrors=self._mirrors,
        )
        self.transport = InProcess(self.application, loop)

    def close(self) -> None:
        """Let go of files and databases."""
        self.loop.run(self._close())

    async def _open(self) -> Drivers:
        backend = Backend(self.settings, self.data)
        await backend.prepare()
        return backend.open()

    async def _close(self) -> None:
        if self._mirrors is not None:
            await self._mirrors.close()
        for close in self._control.closing:
            await close()
        self.drivers.close()


def settings_of(directory: Path, changes: dict[str, Any]) -> Settings:
    """Read a configuration as the program does."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "config.yml"
    document = merged(default_configuration(5000, directory / "data"), changes)
    file.write_text(yaml.safe_dump(document))
    return load(file, {}).settings
