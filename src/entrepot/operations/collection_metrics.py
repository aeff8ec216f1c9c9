"""What the metrics tell of collecting."""

from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.collection import Collected, CollectedKind, QueueState

_REMOVED = ("entrepot_gc_{}s_removed_total", "What the collector has removed: {}s.")
_FREED = ("entrepot_gc_freed_bytes_total", "Bytes that the collector has removed.")
_ERRORS = ("entrepot_gc_errors_total", "Tries to remove something that failed.")
_SWEPT = ("entrepot_gc_swept_rows_total", "Rows and files that full sweeps have read.")
_QUEUE = ("entrepot_gc_queue_length", "What waits to be looked at; at most 10000 of each kind.")
_OLDEST = ("entrepot_gc_oldest_seconds", "For how long the oldest of what waits has waited.")


class CollectionMetrics:
    """Counts what one worker collects.

    Args:
        metrics: of this worker; None where nobody counts.
    """

    def __init__(self, metrics: WorkerMetrics | None) -> None:
        self._metrics = metrics
        if metrics is not None:
            for kind in CollectedKind:
                if kind is not CollectedKind.BYTES:
                    self._count(_removed(kind), 0)
            for counter in (_FREED, _ERRORS, _SWEPT):
                self._count(counter, 0)

    def removed(self, removal: Collected) -> None:
        """Something was removed."""
        if removal.kind is CollectedKind.BYTES:
            self._count(_FREED, removal.size)
        else:
            self._count(_removed(removal.kind), 1)

    def failed(self) -> None:
        """Something could not be removed."""
        self._count(_ERRORS, 1)

    def swept(self, looked: int) -> None:
        """A page of a full sweep was read."""
        self._count(_SWEPT, looked)

    def queue(self, state: QueueState, now: int) -> None:
        """Tell how much there is to do; now in microseconds since 1970, UTC."""
        if self._metrics is None:
            return
        length = state.manifests + state.links + state.blobs + state.doomed
        waited = 0.0 if state.oldest is None else max(0, now - state.oldest) / MICROSECONDS
        self._metrics.set_gauge(*_QUEUE, length)
        self._metrics.set_gauge(*_OLDEST, waited)

    def _count(self, counter: tuple[str, str], amount: float) -> None:
        if self._metrics is not None:
            self._metrics.add_to_counter(*counter, amount)


def _removed(kind: CollectedKind) -> tuple[str, str]:
    name, text = _REMOVED
    return name.format(kind), text.format(kind)
