"""Memory that was freed stays for the next body, up to a bound."""

import subprocess
import sys

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
