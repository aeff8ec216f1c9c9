import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.operations.line_writer import LineWriter
from tests.waiting import PATIENCE


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(descriptor)


def read_until(descriptor: int, size: int) -> bytes:
    content = b""
    while len(content) < size and (piece := os.read(descriptor, 65536)):
        content += piece
    return content


def test_lines_arrive_whole_and_in_order(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        writer = LineWriter(file.fileno())
        for number in range(1000):
            writer.write(b"line %d\n" % number)
        writer.close()
    assert (tmp_path / "log").read_bytes() == b"".join(b"line %d\n" % n for n in range(1000))
    assert writer.dropped == 0


def test_two_processes_in_one_pipe_do_not_mix_their_lines(pipe: tuple[int, int]) -> None:
    writers = [LineWriter(pipe[1]), LineWriter(pipe[1])]
    lines = [letter * 300 + b"\n" for letter in (b"a", b"b")]
    for _ in range(50):
        for writer, line in zip(writers, lines, strict=True):
            writer.write(line * 20, 20)
    content = read_until(pipe[0], 2 * 50 * 20 * 301)
    for writer in writers:
        writer.close()
    assert set(content.splitlines(keepends=True)) == set(lines)


def test_a_blocked_reader_holds_nobody_up_and_loses_only_what_is_too_much(
    pipe: tuple[int, int],
) -> None:
    writer = LineWriter(pipe[1], limit=100_000)
    line = b"x" * 999 + b"\n"
    began = time.monotonic()
    for _ in range(1000):
        writer.write(line)
    assert time.monotonic() - began < PATIENCE
    assert 800 < writer.dropped < 1000
    kept = 1000 - writer.dropped
    assert read_until(pipe[0], kept * 1000) == line * kept
    assert writer.flush(PATIENCE)
    writer.write(b"it goes on\n")
    assert read_until(pipe[0], 11) == b"it goes on\n"
    writer.close()


def test_closing_gives_up_on_a_blocked_reader(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1])
    writer.write(b"y" * 99 + b"\n")
    writer.write((b"x" * 999 + b"\n") * 500, 500)
    began = time.monotonic()
    writer.close(timeout=0.2)
    assert 0.2 <= time.monotonic() - began < PATIENCE
    assert writer.dropped >= 400
    assert len(read_until(pipe[0], 500_100)) == 500_100  # lets the thread end


def test_a_closed_reader_kills_nobody(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    writer = LineWriter(pipe[1])
    writer.write(b"one\ntwo\n", 2)
    assert writer.flush(PATIENCE)
    assert writer.dropped == 2
    writer.write(b"three\n")
    writer.close()
    assert writer.dropped == 3


def test_a_descriptor_that_is_no_longer_open_kills_nobody(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    os.close(descriptor)
    writer = LineWriter(descriptor)
    writer.write(b"one\n")
    writer.close()
    assert writer.dropped == 1


def test_somebody_elses_non_blocking_pipe_is_waited_for(pipe: tuple[int, int]) -> None:
    flags = fcntl.fcntl(pipe[1], fcntl.F_GETFL)
    fcntl.fcntl(pipe[1], fcntl.F_SETFL, flags | os.O_NONBLOCK)
    writer = LineWriter(pipe[1])
    line = b"x" * 999 + b"\n"
    for _ in range(300):
        writer.write(line)
    time.sleep(0.1)
    assert read_until(pipe[0], 300_000) == line * 300
    writer.close()
    assert writer.dropped == 0


def test_a_line_longer_than_a_pipe_takes_at_once_arrives(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1])
    lines = b"short\n" + b"z" * 10_000 + b"\n" + b"short\n"
    writer.write(lines, 3)
    assert read_until(pipe[0], len(lines)) == lines
    writer.close()


def test_what_comes_after_the_end_is_dropped_and_counted(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1])
    writer.close()
    writer.write(b"late\n")
    assert writer.dropped == 1
