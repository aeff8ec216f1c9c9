"""A catalogue page of 100 out of 100,000 repositories against 100 (Entrepot alone)."""

from __future__ import annotations

from bench import database
from bench.client import Client
from bench.figures import Row, at_most
from bench.servers import Server, entrepot
from bench.small_requests import load
from bench.turns import Turns

FEW, MANY = 100, 100_000


def measure(turns: Turns, row: Row, series: str, server: Server) -> None:
    path = "/v2/_catalog?n=100"
    with Client(server.port) as client:
        page = client.request("GET", path, 200).body
    if page.count(b'"team/app-') < 99:
        raise RuntimeError(f"not a page of 100 repositories: {page[:300]!r}")
    row.add(series, 1e6 / load(server, path, seconds=turns.seconds).per_second)


def run(turns: Turns) -> list[Row]:
    if turns.null_test:
        return []
    count = 3_000 if turns.quick else MANY
    large, small = f"{count:,} repositories", f"{FEW} repositories"
    row = Row(f"_catalog n=100 of {large} against {FEW}", "µs/request", series=large)
    roots = turns.root / "catalogue-small", turns.root / "catalogue-large"
    for root, repositories in zip(roots, (FEW, count), strict=True):
        database.fill(root, repositories, 1)
    with entrepot(roots[0]) as few, entrepot(roots[1]) as many:
        for _ in range(turns.rounds):
            measure(turns, row, small, few)
            measure(turns, row, large, many)
    row.wanted.append(at_most(1.2, small))
    row.notes.append(
        "entrepot alone, two of it, both running; 16 connections; the repositories were written "
        "into the databases directly"
    )
    return [row]
