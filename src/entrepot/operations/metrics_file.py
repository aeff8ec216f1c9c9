"""Numbers of one worker, in files that prometheus_client's multiprocess collector reads.

Files are named by the worker's number, not by its process: the worker that replaces another goes
on where that one stopped, so counters never fall and dead processes leave nothing to collect.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from entrepot.operations.number_file import NumberFile

# Bytes of each file. Labels come from closed lists; all of them together need less.
_COUNTER_ROOM, _HISTOGRAM_ROOM, _GAUGE_ROOM = 256 * 1024, 768 * 1024, 16 * 1024


class Number:
    """A number in a file."""

    __slots__ = ("_file", "_position", "value")

    def __init__(self, file: NumberFile, name: str) -> None:
        self._file = file
        self._position, self.value = file.find(name)

    def add(self, amount: float) -> None:
        """Make it larger."""
        self.set(self.value + amount)

    def set(self, value: float) -> None:
        """Replace it."""
        self.value = value
        self._file.write(self._position, value)


class HistogramNumbers:
    """A histogram in a file: a number for each bucket, not accumulated, and the sum."""

    __slots__ = ("_buckets", "_sum")

    def __init__(self, buckets: list[Number], total: Number) -> None:
        self._buckets = buckets
        self._sum = total

    def add(self, counts: Sequence[int], total: float) -> None:
        """Add what was counted.

        Args:
            counts: for each bucket.
            total: the sum of the values.
        """
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.add(count)
        self._sum.add(total)


class MetricsFile:
    """The files of one worker.

    Args:
        directory: RuntimeDirectory.metrics.
        worker: the worker's number.

    Raises:
        OSError: there is no room for them.
    """

    def __init__(self, directory: Path, worker: int) -> None:
        self._counters = NumberFile(directory / f"counter_{worker}.db", _COUNTER_ROOM)
        self._histograms = NumberFile(directory / f"histogram_{worker}.db", _HISTOGRAM_ROOM)
        self._gauges = NumberFile(directory / f"gauge_livesum_{worker}.db", _GAUGE_ROOM)

    def counter(self, name: str, help_text: str, labels: dict[str, str]) -> Number:
        """Find or make a counter; its name ends with ``_total``."""
        family = name.removesuffix("_total")
        return Number(self._counters, _key(family, name, labels, help_text))

    def gauge(self, name: str, help_text: str, labels: dict[str, str]) -> Number:
        """Find or make a gauge; the page shows the sum of all living workers."""
        return Number(self._gauges, _key(name, name, labels, help_text))

    def histogram(
        self, name: str, help_text: str, labels: dict[str, str], bounds: Sequence[float]
    ) -> HistogramNumbers:
        """Find or make a histogram."""

        def number(suffix: str, more: dict[str, str]) -> Number:
            return Number(self._histograms, _key(name, name + suffix, labels | more, help_text))

        buckets = [
            number("_bucket", {"le": "+Inf" if math.isinf(bound) else str(bound)})
            for bound in (*bounds, math.inf)
        ]
        return HistogramNumbers(buckets, number("_sum", {}))

    def close(self) -> None:
        """Let go of the files."""
        for file in (self._counters, self._histograms, self._gauges):
            file.close()


def _key(family: str, name: str, labels: dict[str, str], help_text: str) -> str:
    return json.dumps([family, name, labels, help_text], sort_keys=True)
