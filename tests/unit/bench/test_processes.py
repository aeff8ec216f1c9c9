from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bench.memory_sampler import Peak
from bench.processes import cpu_seconds, parse_machine_time, parse_pss, parse_stat, pss, tree_stats

from tests.waiting import tries

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
READY = "print('ready', flush=True); input()\n"


@contextmanager
def python(program: str) -> Iterator[int]:
    """Run a program that says it is ready, until the block ends."""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.communicate(b"\n")


def test_a_command_with_parentheses_and_spaces_is_read() -> None:
    line = "77 (a) b (c) S 5 77 77 0 -1 4194304 1 2 3 4 11 22 33 44 20 0 1 0 9 8 7"
    stat = parse_stat(line)
    assert (stat.pid, stat.parent) == (77, 5)
    assert (stat.own_ticks, stat.waited_children_ticks) == (33, 77)


def test_pss_is_read_in_bytes() -> None:
    assert parse_pss("Rss:     900 kB\nPss:     123 kB\nPss_Dirty: 5 kB\n") == 123 * 1024


def test_what_the_machine_idled_is_told_in_cores() -> None:
    cores = os.cpu_count() or 1
    before = parse_machine_time("cpu  10 0 10 100 5 0 1 0 7 0\ncpu0 1 2 3\n")
    after = parse_machine_time("cpu  60 0 30 120 15 0 1 0 7 0\ncpu0 1 2 3\n")
    assert (before.total, before.idle) == (126, 105)
    assert before.idle_cores_until(after) == pytest.approx(30 / 100 * cores)


def test_a_child_that_has_ended_still_counts() -> None:
    burning = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])\n"
    with python(burning + READY) as pid:
        assert len(tree_stats(pid)) == 1
        assert cpu_seconds(pid) >= 0.28


def test_a_living_grandchild_counts() -> None:
    inner = BURN + READY
    middle = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {inner!r}], stdin=subprocess.PIPE,"
        " stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n" + READY + "child.communicate(b'\\n')\n"
    )
    with python(middle) as pid:
        assert len(tree_stats(pid)) == 2
        assert cpu_seconds(pid) >= 0.28
        assert pss(pid) > 4 << 20


def test_a_process_that_is_gone_has_used_nothing() -> None:
    with python(READY) as pid:
        pass
    assert cpu_seconds(pid) == 0


def go_on(process: subprocess.Popen[bytes]) -> None:
    """Let a program go on until it is ready again."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"ready\n"


def test_the_peak_is_seen_after_the_memory_is_freed() -> None:
    program = READY + "b = bytearray(b'x') * (64 << 20)\n" + READY + "del b\n"
    command = [sys.executable, "-c", program + READY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        with Peak(process.pid, 0.05) as peak:
            go_on(process)
            for _ in tries("it is not seen"):
                if peak.tree_mebibytes > 64:
                    break
                time.sleep(0.02)
            go_on(process)
        assert peak.tree_mebibytes - pss(process.pid) / (1 << 20) > 50
        process.communicate(b"\n")
