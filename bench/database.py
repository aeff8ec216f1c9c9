"""Fill Entrepot's database with rows directly: a million manifests by requests would take hours.

The program itself makes the schema (it is started once and stopped); the rows are those that
pushes would leave, over one blob that was really pushed.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from bench.client import Client
from bench.content import OCI_MANIFEST, digest_of, make_image, push_image
from bench.servers import entrepot

IMAGE = make_image("database", [1024])
FIRST_REPOSITORY = "bench/first"
BATCH = 50_000


def repository_name(number: int) -> str:
    return f"team/app-{number:07d}"


def tag_name(number: int) -> str:
    return f"v{number}"


def payload(number: int) -> bytes:
    """A manifest of its own over the blobs that are there."""
    head, _, tail = IMAGE.manifest.rpartition(b"}")
    return head + b',"annotations":{"number":"%d"}}' % number + tail


def fill(root: Path, repositories: int, manifests_each: int) -> None:
    """Make a database with so many repositories, each with tagged manifests.

    Args:
        root: the directory that bench.servers.entrepot is then started with.
        repositories: named by `repository_name`, from 0 on.
        manifests_each: tagged by `tag_name`, from 0 on.
    """
    with entrepot(root) as server, Client(server.port) as client:
        push_image(client, FIRST_REPOSITORY, IMAGE, "v1")
    path = root / "data" / "entrepot" / "metadata.db"
    now = time.time_ns() // 1000
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -400000")
        database.execute("BEGIN IMMEDIATE")
        first = insert_repositories(database, repositories, now)
        insert_manifests(database, first, repositories, manifests_each, now)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()


def highest(database: sqlite3.Connection, table: str) -> int:
    (found,) = database.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
    return int(found)


def insert_repositories(database: sqlite3.Connection, count: int, now: int) -> int:
    """Returns the id of the first one."""
    first = highest(database, "repositories") + 1
    database.executemany(
        "INSERT INTO repositories (id, name, populated, created_at) VALUES (?, ?, 1, ?)",
        ((first + number, repository_name(number), now) for number in range(count)),
    )
    blobs = [identity for (identity,) in database.execute("SELECT id FROM blobs")]
    database.executemany(
        "INSERT INTO repository_blobs (repository_id, blob_id, linked_at) VALUES (?, ?, ?)",
        ((first + number, blob, now) for number in range(count) for blob in blobs),
    )
    return first


def insert_manifests(
    database: sqlite3.Connection, first: int, repositories: int, each: int, now: int
) -> None:
    begin = highest(database, "manifests") + 1
    total = repositories * each
    config = IMAGE.config
    for start in range(0, total, BATCH):
        numbers = range(start, min(start + BATCH, total))
        database.executemany(
            "INSERT INTO manifests (id, repository_id, digest, media_type, artifact_type, size,"
            " pushed_at, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            manifest_rows(numbers, begin, first, each, now),
        )
        database.executemany(
            "INSERT INTO manifest_edges (manifest_id, role, digest, repository_id, size)"
            " VALUES (?, 'config', ?, ?, ?)",
            (
                (begin + number, config.digest, first + number // each, len(config.data))
                for number in numbers
            ),
        )
        database.executemany(
            "INSERT INTO tags (repository_id, name, manifest_id, updated_at) VALUES (?, ?, ?, ?)",
            (
                (first + number // each, tag_name(number % each), begin + number, now)
                for number in numbers
            ),
        )


def manifest_rows(
    numbers: range, begin: int, first: int, each: int, now: int
) -> Iterator[tuple[object, ...]]:
    for number in numbers:
        data = payload(number)
        row = (begin + number, first + number // each, digest_of(data), OCI_MANIFEST)
        yield (*row, IMAGE.config.media_type, len(data), now, data)


def expected_digest(number: int) -> str:
    """The digest that the manifest of this number must come back with."""
    return "sha256:" + hashlib.sha256(payload(number)).hexdigest()
