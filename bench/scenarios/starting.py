"""How long from the start of the program to its first answer, empty and with a full database."""

from __future__ import annotations

from bench import database
from bench.client import Client
from bench.figures import DOCKER, ENTREPOT, Row, at_most
from bench.servers import Server, docker_registry, entrepot
from bench.turns import Turns

MANIFESTS_EACH = 1_000


def check_manifest(server: Server, repository: int) -> None:
    """Look that the first, the last and their bytes are really there."""
    for number in (0, MANIFESTS_EACH - 1):
        name, tag = database.repository_name(repository), database.tag_name(number)
        with Client(server.port) as client:
            answer = client.request("GET", f"/v2/{name}/manifests/{tag}", 200)
        expected = database.expected_digest(repository * MANIFESTS_EACH + number)
        if answer.headers["docker-content-digest"] != expected:
            raise RuntimeError(f"{name}:{tag} came back as {answer.headers}")


def empty(turns: Turns) -> Row:
    row = Row("first answer after the start, nothing stored", "s")
    other = docker_registry if turns.null_test else entrepot
    for _ in range(turns.rounds):
        for series, start in ((DOCKER, docker_registry), (ENTREPOT, other)):
            with start(turns.root / f"start-{series}") as server:
                row.add(series, server.seconds_to_answer)
    return row


def full(turns: Turns) -> Row:
    repositories = 20 if turns.quick else 1_000
    count = repositories * MANIFESTS_EACH
    row = Row(f"first answer after the start, {count:,} manifests", "s")
    root = turns.root / "start-full"
    database.fill(root, repositories, MANIFESTS_EACH)
    for _ in range(turns.rounds):
        with entrepot(root) as server:
            row.add(ENTREPOT, server.seconds_to_answer)
            check_manifest(server, repositories - 1)
    row.notes.append("rows written into the database directly; each start is followed by a GET")
    return row


def run(turns: Turns) -> list[Row]:
    rows = [empty(turns)] if turns.null_test else [empty(turns), full(turns)]
    for row in rows:
        row.wanted.append(at_most(1, None))
    return rows
