"""Reads what strace wrote: each system call with the moments of its begin and its end."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = (
    "openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,unlink,unlinkat,"
    "write,pwrite64,writev,pwritev,pwritev2,ftruncate,fallocate,copy_file_range,sendfile,"
    "fsync,fdatasync,sync_file_range,sendto,sendmsg"
)

_WHOLE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")
_BEGUN = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)")
_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
_QUOTED = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Step:
    """The begin or the end of a system call.

    Attributes:
        at: its place in the trace; what has a smaller one happened before.
        began: `at` of the call's begin, which is `at` itself where this is the begin.
        is_end: whether the call has returned; `result` is known then.
        name: of the call.
        arguments: as strace writes them; descriptors with their paths.
        result: what it returned; None before its end.
    """

    at: int
    began: int
    is_end: bool
    name: str
    arguments: str
    result: int | None

    @property
    def file(self) -> str:
        """The path behind the descriptor that is the first argument; empty for none."""
        found = _DESCRIPTOR.match(self.arguments)
        return found[1] if found else ""

    @property
    def paths(self) -> list[str]:
        """The paths among the arguments, in order."""
        return _QUOTED.findall(self.arguments)


def strace(output: Path) -> list[str | Path]:
    """Give the command before a program's own that writes the trace of all its processes."""
    return [
        *("strace", "-DDD", "-f", "-y", "-qq", "--seccomp-bpf", "-s", "5000"),
        *("-e", f"trace={CALLS}", "-e", "signal=none", "-o", output),
    ]


def read_trace(path: Path) -> Iterator[Step]:
    """Give the begin and the end of each call, in the order in which they happened."""
    unfinished: dict[str, Step] = {}
    for number, line in enumerate(path.read_text(errors="replace").splitlines()):
        at = 2 * number
        if found := _WHOLE.match(line):
            _, name, arguments, result = found.groups()
            yield Step(at, at, False, name, arguments, None)
            yield Step(at + 1, at, True, name, arguments, int(result))
        elif found := _BEGUN.match(line):
            thread, name, arguments = found.groups()
            unfinished[thread] = Step(at, at, False, name, arguments, None)
            yield unfinished[thread]
        elif found := _RESUMED.match(line):
            thread, name, more, result = found.groups()
            begun = unfinished.pop(thread)
            yield Step(at, begun.began, True, name, begun.arguments + more, int(result))
