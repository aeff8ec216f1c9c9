"""A catalogue page of 100 out of 100,000 repositories against 100 (Entrepot alone)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bench.client import Client
from bench.content import make_image, push_image, push_manifest
from bench.figures import Row, at_most
from bench.servers import Server, entrepot
from bench.small_requests import load
from bench.turns import Turns

IMAGE = make_image("catalogue", [])
FEW, MANY = 100, 100_000
CONNECTIONS = 32


def push_repositories(port: int, count: int) -> None:
    """Give so many repositories one manifest each; its config is mounted, not sent again."""
    first = "team/app-0000000"
    with Client(port) as client:
        push_image(client, first, IMAGE, "v1")

    def some(start: int) -> None:
        with Client(port) as client:
            for number in range(start, count, CONNECTIONS):
                name = f"team/app-{number:07d}"
                mount = f"mount={IMAGE.config.digest}&from={first}"
                client.request("POST", f"/v2/{name}/blobs/uploads/?{mount}", 201)
                push_manifest(client, name, "v1", IMAGE.manifest)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(some, range(1, CONNECTIONS + 1)))


def measure(turns: Turns, row: Row, series: str, server: Server) -> None:
    path = "/v2/_catalog?n=100"
    with Client(server.port) as client:
        page = client.request("GET", path, 200).body
    if page.count(b"team/app-") != 100:
        raise RuntimeError(f"not a page of 100 repositories: {page[:300]!r}")
    row.add(series, 1e6 / load(server, path, seconds=turns.seconds).per_second)


def run(turns: Turns) -> list[Row]:
    if turns.null_test:
        return []
    count = 3_000 if turns.quick else MANY
    large = f"{count:,} repositories"
    small = f"{FEW} repositories"
    row = Row(f"_catalog n=100 of {large} against {FEW}", "µs/request", series=large)
    with (
        entrepot(turns.root / "catalogue-small") as few,
        entrepot(turns.root / "catalogue-large") as many,
    ):
        push_repositories(few.port, FEW)
        push_repositories(many.port, count)
        for _ in range(turns.rounds):
            measure(turns, row, small, few)
            measure(turns, row, large, many)
    row.wanted.append(at_most(1.2, small))
    row.notes.append("entrepot alone, two of it, both running; 16 connections")
    return [row]
