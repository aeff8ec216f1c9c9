"""What a tree of processes has used: CPU seconds, and memory as its proportional share (PSS)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """The fields of /proc/PID/stat that matter here; times in clock ticks."""

    pid: int
    parent: int
    own_ticks: int
    waited_children_ticks: int


def parse_stat(text: str) -> ProcessStat:
    """Read one line of /proc/PID/stat; the command may hold spaces and parentheses."""
    pid, _, rest = text.partition(" (")
    fields = rest.rpartition(")")[2].split()
    return ProcessStat(
        pid=int(pid),
        parent=int(fields[1]),
        own_ticks=int(fields[11]) + int(fields[12]),
        waited_children_ticks=int(fields[13]) + int(fields[14]),
    )


def _all_stats() -> dict[int, ProcessStat]:
    stats = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                stat = parse_stat((entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we were looking
            stats[stat.pid] = stat
    return stats


def tree_stats(root: int) -> list[ProcessStat]:
    """Say what /proc knows of a process and all its living descendants, the root first."""
    stats = _all_stats()
    children: dict[int, list[int]] = {}
    for stat in stats.values():
        children.setdefault(stat.parent, []).append(stat.pid)
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop(0)
        if pid in stats:
            found.append(stats[pid])
            waiting.extend(children.get(pid, []))
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the whole tree so far, exited and waited-for children included."""
    ticks = sum(stat.own_ticks + stat.waited_children_ticks for stat in tree_stats(root))
    return ticks / TICKS_PER_SECOND


@dataclass(frozen=True, slots=True)
class MachineTime:
    """What all cores together have done since the machine started, in clock ticks."""

    total: int
    idle: int

    def idle_cores_until(self, later: MachineTime) -> float:
        """Cores that had nothing to do, or only waited for the disk, on average."""
        passed = later.total - self.total
        return (later.idle - self.idle) / passed * (os.cpu_count() or 1) if passed else 0.0


def parse_machine_time(text: str) -> MachineTime:
    """Read the first line of /proc/stat (proc_stat(5)); guests' time is in user's already."""
    fields = [int(field) for field in text.partition("\n")[0].split()[1:9]]
    return MachineTime(total=sum(fields), idle=fields[3] + fields[4])


def machine_time() -> MachineTime:
    """Say what all cores have done so far."""
    return parse_machine_time((PROC / "stat").read_text())


def parse_pss(smaps_rollup: str) -> int:
    """Read the Pss line of /proc/PID/smaps_rollup, in bytes."""
    for line in smaps_rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def pss_by_process(root: int) -> dict[int, int]:
    """Proportional set size in bytes of each living process of the tree."""
    sizes = {}
    for stat in tree_stats(root):
        try:
            sizes[stat.pid] = parse_pss((PROC / str(stat.pid) / "smaps_rollup").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sizes


def pss(root: int) -> int:
    """Proportional set size in bytes of the whole tree."""
    return sum(pss_by_process(root).values())
