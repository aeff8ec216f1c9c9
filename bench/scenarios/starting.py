"""How long from the start of the program to its first answer."""

from __future__ import annotations

from bench.figures import DOCKER, ENTREPOT, Row, at_most
from bench.servers import docker_registry, entrepot
from bench.turns import Turns


def run(turns: Turns) -> list[Row]:
    empty = Row("first answer after the start, nothing stored", "s")
    empty.wanted.append(at_most(1, None))
    other = docker_registry if turns.null_test else entrepot
    for _ in range(turns.rounds):
        for series, start in ((DOCKER, docker_registry), (ENTREPOT, other)):
            with start(turns.root / f"start-{series}") as server:
                empty.add(series, server.seconds_to_answer)
    return [empty]
