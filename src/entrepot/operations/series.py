"""Numbers that are counted in plain Python, to be carried elsewhere now and then."""

from bisect import bisect_left
from collections.abc import Sequence

REQUEST_SECONDS = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 25.0, 60.0,
)  # fmt: skip
"""Docker Registry's bounds, and three finer ones before them."""

BYTES = tuple(float(1024 << power) for power in range(22))
"""Docker Registry's bounds: 1 KiB to 2 GiB, each twice the one before."""

ACTION_SECONDS = (
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""For one step in a database or a storage."""

CHANGES = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0, 64.0, 128.0)
"""For how many changes share a transaction."""


def byte_bucket(size: int) -> int:
    """Tell which bucket of BYTES a size falls into; cheaper than searching the bounds.

    Args:
        size: bytes, at least 0.
    """
    if size <= 1024:
        return 0
    return min((size - 1).bit_length() - 10, len(BYTES))


class Histogram:
    """How often values fell between bounds, since it was last emptied.

    Args:
        bounds: upper bounds, ascending; one more bucket takes what is above the last.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def empty(self) -> None:
        """Begin again."""
        self.counts = [0] * len(self.counts)
        self.total = 0.0


class RequestSeries:
    """Requests of one handler, method and status, since it was last emptied."""

    __slots__ = ("aborted", "count", "received", "received_sizes", "seconds", "sent", "sent_sizes")

    def __init__(self) -> None:
        self.empty()

    def empty(self) -> None:
        """Begin again."""
        self.count = self.aborted = self.received = self.sent = 0
        self.seconds = Histogram(REQUEST_SECONDS)
        self.received_sizes = [0] * (len(BYTES) + 1)
        self.sent_sizes = [0] * (len(BYTES) + 1)
