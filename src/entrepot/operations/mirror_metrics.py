"""What the metrics tell of mirrors."""

from entrepot.operations.worker_metrics import WorkerMetrics

_HITS = ("entrepot_mirror_hits_total", "What was served of mirrors without the upstream.")
_MISSES = ("entrepot_mirror_misses_total", "What was fetched from upstreams.")
_SAVED = ("entrepot_mirror_saved_bytes_total", "Bytes that upstreams did not have to send.")
_RECEIVED = ("entrepot_mirror_received_bytes_total", "Bytes that came from upstreams.")
_STALE = (
    "entrepot_mirror_stale_total",
    "Manifests that were served while they could not be compared with the upstream's.",
)
_OPEN = ("entrepot_mirror_open_breakers", "Upstreams that do not answer, and are spared.")


class MirrorMetrics:
    """Implements `MirrorObserver`.

    Args:
        metrics: of this worker; None where nobody counts.
    """

    def __init__(self, metrics: WorkerMetrics | None) -> None:
        self._metrics = metrics
        self._open: set[str] = set()
        for counter in (_HITS, _MISSES, _SAVED, _RECEIVED, _STALE):
            self._count(counter, 0)

    def hit(self, host: str, size: int) -> None:
        """Something was served from what is here; size in bytes."""
        if self._metrics is not None:
            self._count(_HITS, 1)
            self._count(_SAVED, size)

    def miss(self, host: str) -> None:
        """Something was fetched."""
        self._count(_MISSES, 1)

    def received(self, host: str, size: int) -> None:
        """Bytes came from the upstream."""
        self._count(_RECEIVED, size)

    def stale(self, host: str) -> None:
        """Something was served that could not be compared with the upstream's."""
        self._count(_STALE, 1)

    def breaker(self, host: str, *, is_open: bool) -> None:
        """The upstream is spared from now on, or is asked again."""
        (self._open.add if is_open else self._open.discard)(host)
        if self._metrics is not None:
            self._metrics.set_gauge(*_OPEN, len(self._open))

    def _count(self, counter: tuple[str, str], amount: float) -> None:
        if self._metrics is not None:
            self._metrics.add_to_counter(*counter, amount)
