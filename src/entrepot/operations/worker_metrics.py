"""What a worker counts.

A request costs some additions in plain Python; twice a second they are carried into the files from
which the supervisor makes the page for Prometheus.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from entrepot.operations.metrics_file import HistogramNumbers, MetricsFile, Number
from entrepot.operations.requests import ROUTES, RequestRecord
from entrepot.operations.series import (
    ACTION_SECONDS,
    BYTES,
    CHANGES,
    REQUEST_SECONDS,
    Histogram,
    RequestSeries,
    byte_bucket,
)

logger = logging.getLogger("entrepot.metrics")

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ROUTES = frozenset(ROUTES)
_METHODS = frozenset(METHODS)
_STATUSES = range(100, 600)


class WorkerMetrics:
    """The numbers of one worker.

    Args:
        file: where they are carried.
        driver: name of the storage driver, such as ``filesystem``.
    """

    def __init__(self, file: MetricsFile, driver: str) -> None:
        self._file = file
        self._driver = driver
        self._requests: dict[tuple[str, str, int], RequestSeries] = {}
        self._storage: dict[str, Histogram] = {}
        self._database: dict[str, Histogram] = {}
        self._transaction_seconds = Histogram(ACTION_SECONDS)
        self._transaction_changes = Histogram(CHANGES)
        self._uploads: dict[str, int] = {}
        self._damaged = 0
        self._numbers: dict[tuple[str, ...], Number] = {}
        self._histograms: dict[tuple[str, ...], HistogramNumbers] = {}
        self.in_flight({})
        self.upload_sessions(0)
        self._add_to_counter(_DAMAGED, (), 0)

    def request(self, record: RequestRecord) -> None:
        """Count a request that is over."""
        key = (record.route, record.method, record.status)
        series = self._requests.get(key)
        if series is None:
            series = self._new_series(key)
        series.count += 1
        if record.aborted:
            series.aborted += 1
        series.seconds.observe(record.seconds)
        size = record.bytes_in
        series.received += size
        series.received_sizes[0 if size <= 1024 else byte_bucket(size)] += 1
        size = record.bytes_out
        series.sent += size
        series.sent_sizes[0 if size <= 1024 else byte_bucket(size)] += 1

    def storage(self, action: str, seconds: float) -> None:
        """Count a step of the blob storage, such as ``Read``."""
        series = self._storage.get(action)
        if series is None:
            series = self._storage[action] = Histogram(ACTION_SECONDS)
        series.observe(seconds)

    def database(self, action: str, seconds: float) -> None:
        """Count a call of the database, such as ``manifest_by_tag``."""
        series = self._database.get(action)
        if series is None:
            series = self._database[action] = Histogram(ACTION_SECONDS)
        series.observe(seconds)

    def transaction(self, changes: int, seconds: float) -> None:
        """Count a transaction of the database that served some changes at once."""
        self._transaction_seconds.observe(seconds)
        self._transaction_changes.observe(changes)

    def upload(self, outcome: str) -> None:
        """Count an upload that was ``started``, ``finished`` (a blob now) or ``dropped``."""
        self._uploads[outcome] = self._uploads.get(outcome, 0) + 1

    def damaged_blob(self) -> None:
        """Count a read that found a blob missing, cut or too long."""
        self._damaged += 1

    def upload_sessions(self, count: int) -> None:
        """Tell how many upload sessions are open; only the housekeeping worker knows."""
        self._gauge(_UPLOAD_SESSIONS, ()).set(count)

    def in_flight(self, by_route: dict[str, int]) -> None:
        """Tell how many requests run now, by handler."""
        for route in ROUTES:
            self._gauge(_IN_FLIGHT, (route,)).set(by_route.get(route, 0))

    def lines_dropped(self, count: int) -> None:
        """Count lines of the access log that nobody took."""
        self._add_to_counter(_DROPPED, (), count)

    def add_to_counter(self, name: str, help_text: str, amount: float) -> None:
        """Add to a counter of work in the background; 0 makes it known."""
        self._add_to_counter(_Metric(name, help_text), (), amount)

    def set_gauge(self, name: str, help_text: str, value: float) -> None:
        """Set a gauge that only the housekeeping worker knows."""
        self._gauge(_Metric(name, help_text), ()).set(value)

    def carry(self) -> None:
        """Carry what was counted into the files, and begin again."""
        for key, series in self._requests.items():
            if series.count:
                self._carry_requests(key, series)
                series.empty()
        for action, seconds in self._storage.items():
            self._carry_histogram(_STORAGE, (self._driver, action), seconds)
        for action, seconds in self._database.items():
            self._carry_histogram(_DATABASE, (action,), seconds)
        self._carry_histogram(_TRANSACTION, (), self._transaction_seconds)
        self._carry_histogram(_GROUP, (), self._transaction_changes)
        for outcome, count in self._uploads.items():
            self._add_to_counter(_UPLOADS, (outcome,), count)
        self._uploads.clear()
        if self._damaged:
            self._add_to_counter(_DAMAGED, (), self._damaged)
            self._damaged = 0

    def close(self) -> None:
        """Carry the rest, and let go of the files."""
        self.in_flight({})
        self.carry()
        self._file.close()

    def _new_series(self, key: tuple[str, str, int]) -> RequestSeries:
        # Names that strangers make up must not become labels without end.
        route, method, status = key
        known = (
            route if route in _ROUTES else "other",
            method if method in _METHODS else "unknown",
            status if status in _STATUSES else 0,
        )
        return self._requests.setdefault(known, RequestSeries())

    def _carry_requests(self, key: tuple[str, str, int], series: RequestSeries) -> None:
        route, method, status = key[0], key[1].lower(), str(key[2])
        self._add_to_counter(_REQUESTS, (route, method, status), series.count)
        if series.aborted:
            self._add_to_counter(_ABORTED, (route,), series.aborted)
        self._carry_histogram(_DURATION, (route, method), series.seconds)
        self._histogram(_RECEIVED, (route,)).add(series.received_sizes, series.received)
        self._histogram(_SENT, (route,)).add(series.sent_sizes, series.sent)

    def _carry_histogram(
        self, metric: "_Metric", labels: tuple[str, ...], series: Histogram
    ) -> None:
        if any(series.counts):
            self._histogram(metric, labels).add(series.counts, series.total)
            series.empty()

    def _add_to_counter(self, metric: "_Metric", labels: tuple[str, ...], amount: float) -> None:
        key = (metric.name, *labels)
        number = self._numbers.get(key)
        if number is None:
            number = self._file.counter(metric.name, metric.help, metric.labelled(labels))
            self._numbers[key] = number
        if amount:
            number.add(amount)

    def _gauge(self, metric: "_Metric", labels: tuple[str, ...]) -> Number:
        key = (metric.name, *labels)
        number = self._numbers.get(key)
        if number is None:
            number = self._file.gauge(metric.name, metric.help, metric.labelled(labels))
            self._numbers[key] = number
        return number

    def _histogram(self, metric: "_Metric", labels: tuple[str, ...]) -> HistogramNumbers:
        key = (metric.name, *labels)
        numbers = self._histograms.get(key)
        if numbers is None:
            numbers = self._file.histogram(
                metric.name, metric.help, metric.labelled(labels), metric.bounds
            )
            self._histograms[key] = numbers
        return numbers


def open_worker_metrics(directory: Path, worker: int, driver: str) -> WorkerMetrics | None:
    """Make the counters of a worker; None, and a warning, where there is no room for them.

    Args:
        directory: RuntimeDirectory.metrics.
        worker: the worker's number.
        driver: name of the storage driver.
    """
    try:
        return WorkerMetrics(MetricsFile(directory, worker), driver)
    except OSError as error:
        logger.warning("no metrics from this worker: %s", error)
        return None


class _Metric:
    def __init__(
        self, name: str, help_text: str, labels: Sequence[str] = (), bounds: Sequence[float] = ()
    ) -> None:
        self.name = name
        self.help = help_text
        self.labels = labels
        self.bounds = bounds

    def labelled(self, values: tuple[str, ...]) -> dict[str, str]:
        return dict(zip(self.labels, values, strict=True))


# The first six have Docker Registry's names, labels and help texts.
_REQUESTS = _Metric(
    "registry_http_requests_total",
    "Total number of HTTP requests made.",
    ("handler", "method", "code"),
)
_DURATION = _Metric(
    "registry_http_request_duration_seconds",
    "The HTTP request latencies in seconds.",
    ("handler", "method"),
    REQUEST_SECONDS,
)
_IN_FLIGHT = _Metric(
    "registry_http_in_flight_requests", "The in-flight HTTP requests", ("handler",)
)
_RECEIVED = _Metric(
    "registry_http_request_size_bytes", "The HTTP request sizes in bytes.", ("handler",), BYTES
)
_SENT = _Metric(
    "registry_http_response_size_bytes", "The HTTP response sizes in bytes.", ("handler",), BYTES
)
_STORAGE = _Metric(
    "registry_storage_action_seconds",
    "The number of seconds that the storage action takes",
    ("driver", "action"),
    ACTION_SECONDS,
)
_ABORTED = _Metric(
    "entrepot_http_aborted_requests_total",
    "Requests whose client went away before their end.",
    ("handler",),
)
_DATABASE = _Metric(
    "entrepot_database_action_seconds",
    "Seconds that a call of the database takes, waiting included.",
    ("action",),
    ACTION_SECONDS,
)
_TRANSACTION = _Metric(
    "entrepot_database_transaction_seconds",
    "Seconds from the begin of a transaction until it is durable.",
    bounds=ACTION_SECONDS,
)
_GROUP = _Metric(
    "entrepot_database_transaction_changes",
    "Changes that share one transaction.",
    bounds=CHANGES,
)
_UPLOADS = _Metric("entrepot_uploads_total", "Uploads, by what became of them.", ("outcome",))
_UPLOAD_SESSIONS = _Metric("entrepot_upload_sessions", "Upload sessions that are open.")
_DAMAGED = _Metric(
    "entrepot_damaged_blobs_total", "Reads that found a blob missing, cut or too long."
)
_DROPPED = _Metric(
    "entrepot_access_log_lines_dropped_total", "Lines of the access log that nobody took."
)
