"""`entrepot usage` of 100,000 repositories, from its start to its last line (Entrepot alone)."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from bench import database
from bench.figures import ENTREPOT, Row, at_most
from bench.servers import configuration, free_port
from bench.turns import Turns

MANY = 100_000
MANIFESTS_EACH = 2
SECONDS = 2.0
WAYS = {
    "by repository": (),
    "by namespace": ("--by", "namespace"),
    "the ten largest": ("--top", "10"),
    "as JSON": ("--json",),
}


def spread_sizes(root: Path) -> None:
    """Give each repository sizes of its own: those that were filled in are all the same."""
    database = sqlite3.connect(root / "data" / "entrepot" / "metadata.db")
    with database:
        database.execute(
            "UPDATE repository_usage SET blob_bytes = blob_bytes + abs(random() % 5000000000),"
            " exclusive_bytes = exclusive_bytes + abs(random() % 2000000),"
            " referenced_bytes = referenced_bytes + abs(random() % 9000000000)"
        )
    database.close()


def ask(config: Path, arguments: tuple[str, ...]) -> str:
    program = Path(sys.executable).with_name("entrepot")
    done = subprocess.run(
        [program, "usage", config, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


def check(config: Path, repositories: int) -> None:
    """Look that all of it is told, before its speed is believed."""
    told = json.loads(ask(config, ("--json",)))
    if len(told["usage"]) != repositories + 1 or not all(row["bytes"] for row in told["usage"]):
        raise RuntimeError(f"{len(told['usage'])} repositories were told, not {repositories + 1}")


def run(turns: Turns) -> list[Row]:
    if turns.null_test:
        return []
    count = 3_000 if turns.quick else MANY
    root = turns.root / "usage"
    database.fill(root, count, MANIFESTS_EACH)
    spread_sizes(root)
    config = configuration(root, free_port())
    check(config, count)
    rows = []
    for way, arguments in WAYS.items():
        row = Row(f"entrepot usage of {count:,} repositories, {way}", "s")
        for _ in range(turns.rounds):
            began = time.perf_counter()
            ask(config, arguments)
            row.add(ENTREPOT, time.perf_counter() - began)
        row.wanted.append(at_most(SECONDS, None))
        row.notes.append("from the program's start; rows written into the database directly")
        rows.append(row)
    return rows
