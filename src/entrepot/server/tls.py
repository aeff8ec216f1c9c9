"""TLS in the supervisor: between the files of certificates and the workers that serve them."""

import logging
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING

from entrepot.config import LoadedConfiguration
from entrepot.config.problems import InvalidConfiguration
from entrepot.config.settings import Settings
from entrepot.errors import ConfigurationError
from entrepot.operations.runtime_directory import RuntimeDirectory

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from entrepot.operations.tls.keeper import CertificateKeeper
    from entrepot.server.renewal import Renewal
    from entrepot.server.workers import Workers

logger = logging.getLogger("entrepot.tls")


class ServedTls:
    """The TLS of one start. Everything here runs in the supervisor.

    Args:
        settings: of the whole registry; TLS is enabled in them.
        keeper: has what is served.
    """

    def __init__(self, settings: Settings, keeper: "CertificateKeeper") -> None:
        # Here and below, because most registries speak no TLS, and start faster without these.
        from entrepot.operations.tls.watcher import CertificateWatcher

        self._keeper = keeper
        self._workers: Workers | None = None
        self._watcher = CertificateWatcher(keeper, self._ask_for_reload)
        self._renewal: Renewal | None = None
        if settings.http.tls.letsencrypt.enabled:
            from entrepot.server import renewal

            self._renewal = renewal.Renewal(settings)

    @classmethod
    def open(cls, loaded: LoadedConfiguration, runtime: RuntimeDirectory) -> "ServedTls":
        """Read and judge the files of ``http.tls``.

        What clients will refuse (an expired certificate) is an error in the log, and served: those
        that do not look at it are better off than without a registry.

        Raises:
            InvalidConfiguration: there is nothing usable.
            ConfigurationError: the runtime directory cannot be written.
        """
        from entrepot.operations.tls.keeper import CertificateKeeper
        from entrepot.operations.tls.material import inspect
        from entrepot.operations.tls.report import problems

        http = loaded.settings.http
        inspection = inspect(http.tls, http.host)
        if inspection.material is None:
            raise InvalidConfiguration(problems(loaded, inspection.fatal))
        for problem in problems(loaded, inspection.findings):
            logger.error("%s", problem)
        for warning in inspection.warnings:
            logger.warning("%s", warning)
        try:
            keeper = CertificateKeeper(http.tls, http.host, runtime.path, inspection)
        except OSError as error:
            raise ConfigurationError(f"http.tls cannot be served: {error}") from error
        return cls(loaded.settings, keeper)

    def collectors(self) -> "Sequence[Collector]":
        """Give what Prometheus is told of certificates."""
        from entrepot.operations.tls.metrics import CertificateMetrics

        collectors: list[Collector] = [CertificateMetrics(self._keeper)]
        if self._renewal is not None:
            from entrepot.operations.acme.metrics import OrderMetrics

            collectors.append(OrderMetrics(self._renewal))
        return collectors

    def serve_with(self, workers: "Workers") -> None:
        """Let workers have new certificates, at SIGHUP and whenever the files change."""
        self._workers = workers
        self._watcher.start()
        if self._renewal is not None:
            self._renewal.start()

    def reload(self) -> None:
        """Judge the files again. All workers get what is good, or none."""
        if self._renewal is not None:
            self._renewal.try_now()
        if self._keeper.renew() and self._workers is not None:
            self._workers.tell(signal.SIGUSR1)

    def stop(self) -> None:
        """End what runs in the background."""
        self._watcher.stop()
        if self._renewal is not None:
            self._renewal.stop()

    def _ask_for_reload(self) -> None:
        if self._workers is not None:
            self._workers.ask_for_reload()
