"""Memory that was freed stays for the next body, up to a bound, and not for ever."""

import subprocess
import sys

from entrepot.server.freed_memory import KEPT_BYTES

MEBIBYTE = 1024 * 1024

# Takes and frees pieces as bodies bring them, and prints how often the kernel was asked for memory.
PROGRAM = """
import resource, sys
from entrepot.server.freed_memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for turn in range(20):
    pieces = [bytes(2 << 20) for _ in range(3)]
    if turn == 9:
        before = faults()
print(faults() - before)
"""


def faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def test_pieces_come_from_memory_that_is_there() -> None:
    assert faults("kept") < faults("as it is") / 4


# Prints how much memory eight threads need that hold some in turns, and go on living.
THREADS_PROGRAM = """
import threading
from entrepot.server.freed_memory import keep_freed_memory
keep_freed_memory()
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
before = resident()
turn, all_had = threading.Lock(), threading.Barrier(9)
def hold():
    with turn:
        pieces = [b"x" * (3 << 20) for _ in range(3)]
        pieces.clear()
    all_had.wait()
    all_had.wait()
threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
all_had.wait()
print(resident() - before)
all_had.wait()
"""

# Prints how much memory below a piece that is still held came back, while busy and when idle.
IDLE_PROGRAM = """
import asyncio, sys, time
from entrepot.server.freed_memory import give_back_freed_memory, keep_freed_memory
keep_freed_memory()
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
async def main():
    pieces = [b"x" * (1 << 20) for _ in range(64)]
    held = pieces.pop()
    pieces.clear()
    before = resident()
    looks = []
    busy = True
    def is_idle():
        looks.append(before - resident())
        return not busy
    task = asyncio.create_task(give_back_freed_memory(is_idle))
    while len(looks) < 2:
        await asyncio.sleep(0.05)
    busy = False
    while len(looks) < 4:
        await asyncio.sleep(0.05)
    task.cancel()
    print(looks[1], looks[3])
asyncio.run(main())
"""


def test_what_one_thread_has_freed_is_not_kept_for_it_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", THREADS_PROGRAM], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < KEPT_BYTES + 8 * MEBIBYTE  # each held 9 MiB


def test_memory_goes_back_to_the_system_only_while_nothing_is_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IDLE_PROGRAM], check=True, capture_output=True, text=True
    )
    busy, idle = (int(number) for number in done.stdout.split())
    assert busy < 8 * MEBIBYTE
    assert idle > 48 * MEBIBYTE
