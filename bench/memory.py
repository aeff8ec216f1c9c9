"""Touch the machine's memory before bodies are measured.

On a virtual machine whose memory has never been used, each new page costs the host's time, and
whatever avoids the page cache looks good. A server that has run for a day has touched all of it.
Some hosts take free memory back within a minute, so `settle` does it before each registry's turn.
"""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

_PIECE = 64 << 20
# What is left to the programs that run meanwhile.
_LEFT_SHARE = 0.1
# Several times what a turn writes. All of it again would take minutes where the host is slow.
_TURN = 2 << 30


def available() -> int:
    """Bytes that programs could have without swapping (proc_meminfo(5))."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    found = next(line for line in lines if line.startswith("MemAvailable:"))
    return int(found.split()[1]) * 1024


def touch(most: int = sys.maxsize) -> int:
    """Write to nearly all free memory once, or to a part; returns how many bytes.

    A process that ends does it, and so gives the memory back.
    """
    size = min(most, int(available() * (1 - _LEFT_SHARE))) // _PIECE * _PIECE
    subprocess.run([sys.executable, "-m", "bench.memory", str(size)], check=True)
    return size


def settle() -> None:
    """Give the next turn the same start as every other: nothing left to write, memory touched."""
    os.sync()
    touch(_TURN)


def main() -> None:
    size = int(sys.argv[1])
    piece = b"\1" * _PIECE
    with mmap.mmap(-1, size) as memory:
        for start in range(0, size, _PIECE):
            memory[start : start + _PIECE] = piece


if __name__ == "__main__":
    main()
