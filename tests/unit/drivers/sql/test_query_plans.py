"""No query reads more rows than it gives: each finds its rows by an index, in their order."""

import re
import sqlite3
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.database import QUERIES, SQLITE
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.queries import Query, compile_query

WALKS = {
    # Done once, at a start: every claim of the last run is let go.
    "release_all_sessions": ["SCAN upload_sessions"],
    "release_all_fills": ["SCAN fills"],
    # A row for each kind of work.
    "release_all_jobs": ["SCAN jobs"],
    # Once at a start, with a look at each of these folders.
    "adopted_trees": ["SCAN adopted_trees"],
    # Every quarter of an hour, beside the event loop, where a mirror's size is limited.
    "cache_cutoff": [
        "USE TEMP B-TREE FOR GROUP BY",
        "SCAN used",
        "USE TEMP B-TREE FOR ORDER BY",
        "SCAN (subquery-4)",
    ],
    # `entrepot cache status` sorts what is kept.
    "least_recently_used": ["USE TEMP B-TREE FOR ORDER BY"],
    # `entrepot check` has SQLite read the whole file.
    "damage": ["SCAN pragma_integrity_check VIRTUAL TABLE INDEX 0:"],
}
"""Queries whose work grows with the data on purpose."""

# A list of digests that the caller brings is as long as the caller made it.
BROUGHT = re.compile(r"SCAN wanted VIRTUAL TABLE INDEX .*")


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> list[sqlite3.Connection]:
    folder: Path = tmp_path_factory.mktemp("plans")
    connections = []
    for family in ("metadata", "sessions"):
        path = folder / f"{family}.db"
        migrate(path, family, durable=False)
        connections.append(sqlite3.connect(path))
    return connections


def plan(databases: list[sqlite3.Connection], query: Query) -> list[str]:
    for database in databases:
        try:
            rows = database.execute(
                f"EXPLAIN QUERY PLAN {query.text}", ["1"] * len(query.parameters)
            ).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
        else:
            return [row[3] for row in rows]
    raise AssertionError(f"no database has the tables of {query.name}")


def grows(steps: list[str]) -> list[str]:
    # Anywhere but outermost, the list would be walked once for every row of the other tables.
    looked_up = steps[1:] if steps and BROUGHT.fullmatch(steps[0]) else steps
    return [
        step
        for step in looked_up
        if (step.startswith("SCAN") and "CONSTANT ROW" not in step)
        or "TEMP B-TREE" in step
        or "AUTOMATIC" in step
    ]


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_finds_its_rows_by_an_index(databases: list[sqlite3.Connection], name: str) -> None:
    found = grows(plan(databases, QUERIES[name]))
    assert found == WALKS.get(name, []), plan(databases, QUERIES[name])


@pytest.mark.parametrize(
    "query",
    [
        "SELECT name FROM repositories WHERE created_at > :now",
        "SELECT name FROM tags WHERE name > :after ORDER BY name",
        "SELECT digest FROM manifests WHERE repository_id = 1 ORDER BY pushed_at",
        "SELECT 1 FROM repository_blobs {join in order} {each digests text wanted}"
        " WHERE repository_blobs.repository_id = 1 AND repository_blobs.blob_id = wanted.value",
    ],
)
def test_a_scan_or_a_sort_is_seen(databases: list[sqlite3.Connection], query: str) -> None:
    assert grows(plan(databases, compile_query("tried", query, SQLITE)))
