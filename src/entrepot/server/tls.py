"""TLS between the files of certificates and the server that reads them."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from granian.constants import SSLProtocols

from entrepot.config import LoadedConfiguration
from entrepot.config.problems import InvalidConfiguration
from entrepot.config.settings import Settings
from entrepot.config.tls import VERIFY_IF_GIVEN
from entrepot.errors import ConfigurationError
from entrepot.operations.runtime_directory import RuntimeDirectory

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from entrepot.operations.tls.generations import Generation
    from entrepot.operations.tls.keeper import CertificateKeeper
    from entrepot.server.nursery_server import NurseryServer
    from entrepot.server.renewal import Renewal

logger = logging.getLogger("entrepot.tls")

_PROTOCOLS = {"tls1.2": SSLProtocols.tls12, "tls1.3": SSLProtocols.tls13}


class ServedTls:
    """The TLS of one start. Everything here runs in the supervisor.

    Args:
        settings: of the whole registry; TLS is enabled in them.
        keeper: has what is served.
    """

    def __init__(self, settings: Settings, keeper: "CertificateKeeper") -> None:
        # Here and below, because most registries speak no TLS, and start faster without these.
        from entrepot.operations.tls.watcher import CertificateWatcher

        self._settings = settings.http.tls
        self._keeper = keeper
        self._proposed: Generation | None = None
        self._server: NurseryServer | None = None
        self._watcher = CertificateWatcher(keeper, self._ask_for_reload)
        self._renewal: Renewal | None = None
        if self._settings.letsencrypt.enabled:
            from entrepot.server import renewal

            self._renewal = renewal.Renewal(settings)

    @classmethod
    def open(cls, loaded: LoadedConfiguration, runtime: RuntimeDirectory) -> "ServedTls":
        """Read and judge the files of ``http.tls``.

        What clients will refuse (an expired certificate) is an error in the log, and served: those
        that do not look at it are better off than without a registry.

        Raises:
            InvalidConfiguration: there is nothing that can be served.
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
            raise ConfigurationError(f"the runtime directory cannot be written: {error}") from error
        return cls(loaded.settings, keeper)

    def arguments(self) -> dict[str, Any]:
        """Give what Granian wants to know of TLS."""
        generation = self._keeper.generation
        return {
            "ssl_cert": generation.certificate,
            "ssl_key": generation.key,
            "ssl_protocol_min": _PROTOCOLS[self._settings.minimumtls],
            "ssl_ca": generation.client_cas,
            "ssl_client_verify": generation.client_cas is not None
            and self._settings.clientauth != VERIFY_IF_GIVEN,
        }

    def collectors(self) -> "Sequence[Collector]":
        """Give what Prometheus is told of certificates."""
        from entrepot.operations.tls.metrics import CertificateMetrics

        collectors: list[Collector] = [CertificateMetrics(self._keeper)]
        if self._renewal is not None:
            from entrepot.operations.acme.metrics import OrderMetrics

            collectors.append(OrderMetrics(self._renewal))
        return collectors

    def serve_with(self, server: "NurseryServer") -> None:
        """Let a server take new certificates, at SIGHUP and whenever the files change."""
        self._server = server
        server.before_reload = self._propose
        server.after_reload = self._accept
        server.failed_reload = self._refuse
        self._watcher.start()
        if self._renewal is not None:
            self._renewal.start()

    def stop(self) -> None:
        """End what runs in the background."""
        self._watcher.stop()
        if self._renewal is not None:
            self._renewal.stop()

    def _ask_for_reload(self) -> None:
        if self._server is not None:
            self._server.ask_for_reload()

    def _propose(self) -> bool:
        if self._renewal is not None:
            self._renewal.try_now()
        self._proposed = self._keeper.propose()
        self._hand_over(self._proposed)
        return self._proposed is not None

    def _accept(self) -> None:
        if self._proposed is not None:
            self._keeper.accept(self._proposed)

    def _refuse(self) -> None:
        self._keeper.refuse(("workers do not start with it",))
        self._hand_over(self._keeper.generation)

    def _hand_over(self, generation: "Generation | None") -> None:
        if self._server is None or generation is None:
            return
        arguments = self.arguments()
        self._server.build_ssl_context(
            generation.certificate,
            generation.key,
            None,
            arguments["ssl_protocol_min"],
            generation.client_cas,
            [],
            arguments["ssl_client_verify"],
        )
