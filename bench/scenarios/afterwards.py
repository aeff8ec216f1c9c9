"""Memory of each registry after all that was asked of it in this run.

Registries keep what they have freed for a moment, for the next request: a few seconds without one
show what they really need.
"""

from __future__ import annotations

import time

from bench.content import MEBIBYTE
from bench.figures import Row, at_most
from bench.processes import pss
from bench.turns import Turns

ASKED_MEBIBYTES = 115
QUIET_SECONDS = 5.0


def run(turns: Turns) -> list[Row]:
    row = Row(f"memory {QUIET_SECONDS:.0f} s after all of the run's work", "MiB PSS")
    time.sleep(QUIET_SECONDS)
    for series, server in turns.registries.items():
        row.add(series, pss(server.pid) / MEBIBYTE)
    row.wanted.append(at_most(ASKED_MEBIBYTES, None))
    return [row]
