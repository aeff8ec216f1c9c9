"""What Prometheus is told of orders."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class Counted(Protocol):
    """Whoever places orders."""

    @property
    def succeeded(self) -> int:
        """Orders that gave a certificate."""
        ...

    @property
    def failed(self) -> int:
        """Orders that gave none."""
        ...


class OrderMetrics(Collector):
    """Made anew for each page.

    Args:
        counted: knows what became of the orders of this start.
    """

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    def collect(self) -> Iterator[Metric]:
        """Give the metrics."""
        orders = CounterMetricFamily(
            "entrepot_acme_orders",
            "Certificates that were asked for, and given or not.",
            labels=("outcome",),
        )
        orders.add_metric(("succeeded",), self._counted.succeeded)
        orders.add_metric(("failed",), self._counted.failed)
        yield orders
