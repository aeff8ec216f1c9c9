"""Numbers of one worker, in files that prometheus_client's multiprocess collector reads.

Files are named by the worker's number, not by its process: the worker that replaces another goes
on where that one stopped, so counters never fall and dead processes leave nothing to collect.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.utils import floatToGoString

# Bytes of each file. Labels come from closed lists; all of them together need less.
_COUNTER_ROOM, _HISTOGRAM_ROOM, _GAUGE_ROOM = 256 * 1024, 768 * 1024, 16 * 1024


class _Values(Protocol):
    """What is used of MmapedDict, which has no types of its own."""

    def read_value(self, key: str) -> tuple[float, float]: ...

    def write_value(self, key: str, value: float, timestamp: float) -> None: ...

    def close(self) -> None: ...


class Number:
    """A number in a file."""

    __slots__ = ("_key", "_values", "value")

    def __init__(self, values: _Values, key: str) -> None:
        self._values = values
        self._key = key
        self.value = values.read_value(key)[0]

    def add(self, amount: float) -> None:
        """Make it larger."""
        self.set(self.value + amount)

    def set(self, value: float) -> None:
        """Replace it."""
        self.value = value
        self._values.write_value(self._key, value, 0.0)


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
        self._counters = _open(directory / f"counter_{worker}.db", _COUNTER_ROOM)
        self._histograms = _open(directory / f"histogram_{worker}.db", _HISTOGRAM_ROOM)
        self._gauges = _open(directory / f"gauge_livesum_{worker}.db", _GAUGE_ROOM)

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
            number("_bucket", {"le": str(floatToGoString(bound))})  # type: ignore[no-untyped-call]
            for bound in (*bounds, float("inf"))
        ]
        return HistogramNumbers(buckets, number("_sum", {}))

    def close(self) -> None:
        """Let go of the files."""
        for values in (self._counters, self._histograms, self._gauges):
            values.close()


def _open(path: Path, room: int) -> _Values:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Room is taken now: a write into a hole of a full tmpfs would be fatal (SIGBUS).
        os.posix_fallocate(descriptor, 0, room)
    finally:
        os.close(descriptor)
    return cast("_Values", MmapedDict(str(path)))  # type: ignore[no-untyped-call]


def _key(family: str, name: str, labels: dict[str, str], help_text: str) -> str:
    return json.dumps([family, name, labels, help_text], sort_keys=True)
