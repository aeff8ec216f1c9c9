"""What the kernel tells of processes: descendants, memory, whether they have ended."""

import time
from pathlib import Path

from tests.waiting import PATIENCE

PROC = Path("/proc")


def children(root: int) -> list[int]:
    """List the living descendants of a process."""
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def parent(pid: int) -> int:
    """Tell who started a process that lives."""
    fields = _stat(pid)
    assert fields is not None, f"process {pid} has ended"
    return int(fields[1])


def is_running(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    fields = _stat(pid)
    return fields is not None and fields[0] not in "ZX"


def ended(pids: list[int], seconds: float = PATIENCE) -> None:
    """Wait until none of these processes runs any more."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if is_running(pid)]:
        assert time.monotonic() < deadline, f"processes {left} still run after {seconds} s"
        time.sleep(0.01)


def pss(pid: int) -> int:
    """Tell the proportional set size of a process, in bytes."""
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"the kernel tells no PSS of process {pid}")


def command_line(pid: int) -> str:
    """Tell what a process was started as; empty for one that has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat behind the command: state, parent and so on."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
