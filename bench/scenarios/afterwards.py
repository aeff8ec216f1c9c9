"""Memory of each registry after all that was asked of it in this run."""

from __future__ import annotations

from bench.content import MEBIBYTE
from bench.figures import Row, at_most
from bench.processes import pss
from bench.turns import Turns

ASKED_MEBIBYTES = 115


def run(turns: Turns) -> list[Row]:
    row = Row("memory after all of the run's work", "MiB PSS")
    for series, server in turns.registries.items():
        row.add(series, pss(server.pid) / MEBIBYTE)
    row.wanted.append(at_most(ASKED_MEBIBYTES, None))
    return [row]
