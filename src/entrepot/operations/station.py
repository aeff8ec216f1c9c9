"""What a worker has beside its application: its number, its counters, the access log."""

import logging
from pathlib import Path

from entrepot.config.settings import Settings
from entrepot.operations.access_log import access_log
from entrepot.operations.health_flag import HealthFlag
from entrepot.operations.log_format import name_process
from entrepot.operations.metrics_file import MetricsFile
from entrepot.operations.observer import Observer
from entrepot.operations.runtime_directory import RuntimeDirectory, WorkerSeat
from entrepot.operations.worker_metrics import WorkerMetrics

logger = logging.getLogger("entrepot.station")

_STANDARD_OUTPUT = 1


class Station:
    """Everything of this package that runs in a worker.

    Args:
        path: the supervisor's `Supervision.directory.path`.
        settings: the configuration.

    Attributes:
        directory: the runtime directory.
        number: of this worker, from 1.
        health: says whether requests must be refused.
        metrics: counts; None where metrics are switched off.
        observer: what the application tells its requests.

    Raises:
        OSError: the directory is gone.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.directory = RuntimeDirectory(path)
        self._seat = WorkerSeat.take(self.directory)
        self.number = self._seat.number
        name_process(worker=self.number)
        self.health = HealthFlag(self.directory.health)
        self.metrics = self._open_metrics(settings)
        log = None
        if not settings.log.accesslog.disabled:
            log = access_log(
                _STANDARD_OUTPUT, settings.log.formatter, self.number, settings.log.fields
            )
        self.observer = Observer(log, self.metrics)

    def start(self) -> None:
        """Begin to carry numbers to the supervisor; call it on the worker's event loop."""
        self.observer.start()

    def close(self) -> None:
        """Write and count what is left, at the worker's end; takes a second at most."""
        self.observer.close()
        self.health.close()
        self._seat.release()

    def _open_metrics(self, settings: Settings) -> WorkerMetrics | None:
        debug = settings.http.debug
        if debug.addr is None or not debug.prometheus.enabled:
            return None
        try:
            file = MetricsFile(self.directory.metrics, self.number)
        except OSError as error:
            logger.warning("no metrics from this worker, there is no room for them: %s", error)
            return None
        return WorkerMetrics(file, settings.storage.driver)
