"""What the operating system says of the supervisor and its workers together.

Names are those of Prometheus's client libraries, so that dashboards for one process go on working.
Read from /proc; where there is none, nothing is told.
"""

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


class ProcessTree:
    """Collects process_* for this process and its children."""

    def collect(self) -> Iterator[Metric]:
        """Give the metrics."""
        own = os.getpid()
        try:
            stats = {own: _stat(own)}
        except OSError:
            return
        for child in _children(own):
            with contextlib.suppress(OSError):
                stats[child] = _stat(child)
        # The supervisor's own line has the time of children that are gone.
        ticks = sum(int(stat[11]) + int(stat[12]) for stat in stats.values())
        ticks += int(stats[own][13]) + int(stats[own][14])
        yield CounterMetricFamily(
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds, by all processes.",
            value=ticks / _TICKS,
        )
        yield GaugeMetricFamily(
            "process_resident_memory_bytes",
            "Resident memory size in bytes, of all processes; shared pages count in each.",
            value=sum(int(stat[21]) for stat in stats.values()) * _PAGE,
        )
        yield GaugeMetricFamily(
            "process_virtual_memory_bytes",
            "Virtual memory size in bytes, of all processes.",
            value=sum(int(stat[20]) for stat in stats.values()),
        )
        yield GaugeMetricFamily(
            "process_open_fds",
            "Number of open file descriptors, of all processes.",
            value=sum(_descriptors(process) for process in stats),
        )
        yield GaugeMetricFamily(
            "process_max_fds",
            "Maximum number of open file descriptors of one process.",
            value=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        )
        yield GaugeMetricFamily(
            "process_start_time_seconds",
            "Start time of the supervisor since unix epoch in seconds.",
            value=_boot_time() + int(stats[own][19]) / _TICKS,
        )


def _stat(process: int) -> list[str]:
    text = (_PROC / str(process) / "stat").read_text()
    # The second field is a name in brackets that may contain anything; count behind it.
    return text.rpartition(")")[2].split()


def _children(process: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in (_PROC / str(process) / "task").iterdir():
            with contextlib.suppress(OSError):
                children += map(int, (task / "children").read_text().split())
    return children


def _descriptors(process: int) -> int:
    try:
        return sum(1 for _ in (_PROC / str(process) / "fd").iterdir())
    except OSError:
        return 0


def _boot_time() -> float:
    for line in (_PROC / "stat").read_text().splitlines():
        if line.startswith("btime "):
            return float(line.split()[1])
    return 0.0
