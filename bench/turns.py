"""What every scenario is given: both registries, running, and the turns to measure them in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import ENTREPOT, Row
from bench.servers import Server
from bench.small_requests import Load, load

CORES = os.cpu_count() or 1
# wrk runs on one thread: beyond this share of a core it cannot ask faster.
GENERATOR_FULL = 0.85
# Where they leave less than this of the machine idle, what the generator takes the server lacks.
# Asked of the machine, not summed up: interrupts and what its host took are nobody's CPU time.
MACHINE_IDLE = 0.10


@dataclass
class Turns:
    """Both servers and how long to load them.

    Args:
        registries: by series name, in the order of the turns.
        root: a directory of this run on the same disk, for whatever a scenario needs.
        rounds: how often each has its turn.
        seconds: of load in each turn.
        quick: a look only: small sizes.
        null_test: docker-registry stands on both sides, which shows the noise.
    """

    registries: dict[str, Server]
    root: Path
    rounds: int = 5
    seconds: float = 4.0
    quick: bool = False
    null_test: bool = False
    _done: set[tuple[str, str]] = field(default_factory=set)

    def each(self) -> Iterator[tuple[str, Server]]:
        """A B A B: every registry once a round."""
        for _ in range(self.rounds):
            yield from self.registries.items()

    def give(self, name: str, fill: Callable[[Server], object]) -> None:
        """Give every registry some content, once a run however many scenarios need it."""
        for series, server in self.registries.items():
            if (name, series) not in self._done:
                fill(server)
                self._done.add((name, series))

    @property
    def candidate(self) -> Server:
        return self.registries[ENTREPOT]


def add_load(rate: Row, cpu: Row, series: str, result: Load) -> None:
    """Put one run of wrk into its two rows, and note where the generator was the limit."""
    rate.add(series, result.per_second)
    cpu.add(series, result.cpu_microseconds)
    if series == rate.series:
        note_generator(rate, result.generator_cores, result.idle_cores)


def note_generator(rate: Row, generator_cores: float, idle_cores: float) -> None:
    """Note in a row of rates what the generator used, and whether it was the limit."""
    rate.generator_share = max(rate.generator_share, generator_cores)
    if generator_cores > GENERATOR_FULL or idle_cores < MACHINE_IDLE * CORES:
        rate.saturated = True


def request_rows(work: str) -> tuple[Row, Row]:
    """The two rows of a load of small requests: how many a second, and their CPU."""
    rate, cpu = Row(work, "requests/s"), Row(f"{work}: CPU", "µs/request")
    rate.instead = cpu.work
    return rate, cpu


def measure_requests(
    turns: Turns, work: str, path: str, *, method: str = "GET", connections: int = 16
) -> tuple[Row, Row]:
    """Ask both registries for one path in turns."""
    rate, cpu = request_rows(work)
    for series, server in turns.each():
        result = load(server, path, seconds=turns.seconds, connections=connections, method=method)
        add_load(rate, cpu, series, result)
    return rate, cpu
