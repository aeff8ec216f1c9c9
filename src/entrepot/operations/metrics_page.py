"""The page that Prometheus reads, made by the supervisor from what all workers counted."""

import platform
from collections.abc import Iterable, Iterator

import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from entrepot import __version__
from entrepot.operations.health import Health
from entrepot.operations.process_tree import ProcessTree
from entrepot.operations.runtime_directory import RuntimeDirectory


class MetricsPage:
    """Makes the page.

    Args:
        directory: where workers count.
        health: whose checks are told.
        more: collectors of what is only there in some configurations.
    """

    def __init__(
        self, directory: RuntimeDirectory, health: Health, more: Iterable[Collector] = ()
    ) -> None:
        self._directory = directory
        self._registry = CollectorRegistry()
        self._registry.register(_Supervised(directory, health))
        self._registry.register(ProcessTree())
        for collector in more:
            self._registry.register(collector)
        MultiProcessCollector(self._registry, str(directory.metrics))  # type: ignore[no-untyped-call]

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Make the page.

        Args:
            accept: the Accept header of who asks.

        Returns:
            The page and its media type.
        """
        self._forget_gauges_of_dead_workers()
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def _forget_gauges_of_dead_workers(self) -> None:
        living = set(self._directory.workers())
        for path in self._directory.metrics.glob("gauge_live*_*.db"):
            worker = int(path.stem.rpartition("_")[2])
            if worker not in living:
                mark_process_dead(worker, str(self._directory.metrics))  # type: ignore[no-untyped-call]


class _Supervised:
    """What only the supervisor knows."""

    def __init__(self, directory: RuntimeDirectory, health: Health) -> None:
        self._directory = directory
        self._health = health

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "entrepot_build_info",
            "Which program this is; always 1.",
            labels=("version", "python", "uvicorn"),
        )
        build.add_metric((__version__, platform.python_version(), uvicorn.__version__), 1)
        yield build
        yield GaugeMetricFamily(
            "entrepot_workers",
            "Worker processes that live.",
            value=len(self._directory.workers()),
        )
        checks = GaugeMetricFamily(
            "entrepot_health_check_failing",
            "Whether a health check fails: 1, or 0.",
            labels=("check",),
        )
        failures = self._health.failures()
        for check in self._health.checks:
            checks.add_metric((check.name,), int(check.name in failures))
        yield checks
