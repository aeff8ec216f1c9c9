"""What the supervisor has beside its workers: checks, and the debug address."""

import logging
from collections.abc import Iterable
from pathlib import Path

from entrepot.config.settings import Settings
from entrepot.errors import ConfigurationError
from entrepot.operations.debug_server import DebugServer, debug_pages
from entrepot.operations.health import Health, configured_checks
from entrepot.operations.health_checks import Check
from entrepot.operations.health_flag import HealthFlag
from entrepot.operations.metrics_page import MetricsPage
from entrepot.operations.runtime_directory import RuntimeDirectory

logger = logging.getLogger("entrepot.supervision")


class Supervision:
    """Everything of this package that runs in the supervisor.

    Args:
        settings: the configuration.
        storage_checks: what ``health.storagedriver`` checks: functions by name, which raise when
            they fail; the name "" stands for the storage itself.
        parent: where the runtime directory is made; None lets it find a place.

    Raises:
        ConfigurationError: the debug address cannot be listened on, or no directory for temporary
            files can be written.
    """

    def __init__(
        self,
        settings: Settings,
        storage_checks: Iterable[tuple[str, Check]],
        parent: Path | None = None,
    ) -> None:
        try:
            self.directory = RuntimeDirectory.create(parent)
            self._flag = HealthFlag(self.directory.health)
        except OSError as error:
            raise ConfigurationError(
                "no directory for temporary files can be used (RUNTIME_DIRECTORY, /dev/shm, "
                f"TMPDIR): {error}"
            ) from error
        driver = settings.storage.driver
        checks = configured_checks(settings.health, driver, storage_checks)
        self.health = Health(checks, self._flag)
        try:
            self.debug_server = self._debug_server(settings)
        except ConfigurationError:
            self.directory.remove()
            raise

    def start(self) -> None:
        """Begin to check and to answer, in threads of the background."""
        self.health.start()
        if self.debug_server is not None:
            self.debug_server.start()
            logger.info("debug server listening on port %d", self.debug_server.port)

    def stop(self) -> None:
        """Stop, and remove the runtime directory; call it when the workers are gone."""
        self.health.stop()
        if self.debug_server is not None:
            self.debug_server.stop()
        self._flag.close()
        self.directory.remove()

    def _debug_server(self, settings: Settings) -> DebugServer | None:
        debug = settings.http.debug
        if debug.listen is None:
            return None
        metrics = None
        if debug.prometheus.enabled:
            metrics = debug.prometheus.path, MetricsPage(self.directory, self.health)
        return DebugServer(debug.listen, debug_pages(self.health, self.directory, metrics))
