"""Writes that the kernel does beside the thread that asked for them."""

import ctypes
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.drivers.filesystem import kernel_write
from entrepot.drivers.filesystem.kernel_write import KernelWrite

BLOCK = 4096


@pytest.fixture
def memory() -> mmap.mmap:
    memory = mmap.mmap(-1, 4 * BLOCK)
    memory.write(os.urandom(4 * BLOCK))
    return memory


def address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    number = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
    yield number
    os.close(number)


def test_writes_land_where_they_were_sent(tmp_path: Path, memory: mmap.mmap, file: int) -> None:
    first, second = KernelWrite(), KernelWrite()
    os.ftruncate(file, 5 * BLOCK)
    first.start(file, address(memory), 3 * BLOCK, 2 * BLOCK)
    second.start(file, address(memory) + 3 * BLOCK, BLOCK, 0)
    assert second.finish() == BLOCK
    assert first.finish() == 3 * BLOCK
    content = (tmp_path / "file").read_bytes()
    assert content == memory[3 * BLOCK :] + bytes(BLOCK) + memory[: 3 * BLOCK]


def test_one_is_used_again_and_again(tmp_path: Path, memory: mmap.mmap, file: int) -> None:
    write = KernelWrite()
    for turn in range(50):
        memory[:8] = turn.to_bytes(8, "big")
        write.start(file, address(memory), BLOCK, turn * BLOCK)
        assert write.finish() == BLOCK
    content = (tmp_path / "file").read_bytes()
    assert [int.from_bytes(content[at : at + 8], "big") for at in range(0, 50 * BLOCK, BLOCK)] == [
        *range(50)
    ]


def test_a_file_that_cannot_be_written_is_told_of_at_once(memory: mmap.mmap) -> None:
    write = KernelWrite()
    with pytest.raises(OSError, match="Bad file descriptor"):
        write.start(1_000_000, address(memory), BLOCK, 0)


def test_what_the_file_system_refuses_is_told_of(memory: mmap.mmap, file: int) -> None:
    write = KernelWrite()

    def misaligned() -> None:  # some file systems say so at once, some when asked
        write.start(file, address(memory) + 1, 100, 0)
        write.finish()

    with pytest.raises(OSError, match="Invalid argument"):
        misaligned()


def test_a_machine_whose_calls_have_no_known_numbers_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernel_write, "_NUMBERS", {})
    with pytest.raises(OSError, match="not implemented"):
        KernelWrite()


def test_what_is_forgotten_is_given_back_to_the_kernel() -> None:
    in_use = Path("/proc/sys/fs/aio-nr")
    before = int(in_use.read_text())
    for _ in range(200):
        KernelWrite()
    assert int(in_use.read_text()) - before < 100
