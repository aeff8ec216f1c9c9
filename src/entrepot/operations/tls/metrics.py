"""What Prometheus is told of certificates."""

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from entrepot.operations.tls.keeper import CertificateKeeper


class CertificateMetrics(Collector):
    """Made anew for each page.

    Args:
        keeper: knows what is in use.
    """

    def __init__(self, keeper: CertificateKeeper) -> None:
        self._keeper = keeper

    def collect(self) -> Iterator[Metric]:
        """Give the metrics."""
        now = datetime.now(UTC)
        days = GaugeMetricFamily(
            "entrepot_tls_certificate_expiry_days",
            "Days until a certificate in use expires; negative afterwards.",
            labels=("file", "subject"),
        )
        told: set[tuple[str, str]] = set()
        for certificate in sorted(self._keeper.certificates, key=lambda one: one.ends):
            labels = certificate.file, certificate.subject
            if labels not in told:  # of several with one name, the one that ends first
                told.add(labels)
                days.add_metric(labels, round(certificate.days_left(now), 3))
        yield days
        yield GaugeMetricFamily(
            "entrepot_tls_temporary_certificate",
            "Whether a self-signed certificate stands in for one that no CA has given yet.",
            value=int(self._keeper.temporary),
        )
        reloads = CounterMetricFamily(
            "entrepot_tls_certificate_reloads",
            "Certificates that were found changed, and taken or refused.",
            labels=("outcome",),
        )
        reloads.add_metric(("applied",), self._keeper.applied)
        reloads.add_metric(("refused",), self._keeper.refused)
        yield reloads
