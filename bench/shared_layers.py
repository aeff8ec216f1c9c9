"""Rows of many manifests over fewer blobs, for the collector to sweep; little of it is garbage."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from pathlib import Path

from bench.client import Client
from bench.content import OCI_MANIFEST, digest_of, make_image, push_image
from bench.database import highest, insert_repositories, payload, tag_name
from bench.servers import entrepot

IMAGE = make_image("shared-layers", [1024])
FIRST_REPOSITORY = "bench/first"
REPOSITORIES = 1_000
BATCH = 20_000


def layer_digest(number: int) -> str:
    return f"sha256:{hashlib.sha256(b'layer %d' % number).hexdigest()}"


def fill(root: Path, manifests: int, blobs: int) -> None:
    """Make a database of so many manifests and blobs, in 1,000 repositories.

    Args:
        root: the directory that bench.servers.entrepot is then started with.
        manifests: each with a tag and two blobs.
        blobs: each in one repository, and in no file: rows are what is swept.
    """
    with entrepot(root) as server, Client(server.port) as client:
        push_image(client, FIRST_REPOSITORY, IMAGE, "v1")
    database = sqlite3.connect(root / "data/entrepot/metadata.db", isolation_level=None)
    now = time.time_ns() // 1000
    try:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -400000")
        database.execute("BEGIN IMMEDIATE")
        first = insert_repositories(database, REPOSITORIES, now)
        first_blob = highest(database, "blobs") + 1
        for number in range(blobs):
            digest = layer_digest(number)
            database.execute(
                "INSERT INTO blobs (id, digest, size, location, created_at) VALUES (?, ?, 1, ?, ?)",
                (first_blob + number, digest, f"nowhere/{digest}", now),
            )
            database.execute(
                "INSERT INTO repository_blobs (repository_id, blob_id, linked_at) VALUES (?, ?, ?)",
                (first + number % REPOSITORIES, first_blob + number, now),
            )
        insert_manifests(database, first, manifests, blobs, now)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()


def insert_manifests(
    database: sqlite3.Connection, first: int, manifests: int, blobs: int, now: int
) -> None:
    """Manifests of a repository share its blobs, and the one configuration that was pushed."""
    begin = highest(database, "manifests") + 1
    for start in range(0, manifests, BATCH):
        numbers = range(start, min(start + BATCH, manifests))
        contents = [payload(number) for number in numbers]
        database.executemany(
            "INSERT INTO manifests (id, repository_id, digest, media_type, size, pushed_at,"
            " payload) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *(begin + number, first + number % REPOSITORIES, digest_of(data)),
                    *(OCI_MANIFEST, len(data), now, data),
                )
                for number, data in zip(numbers, contents, strict=True)
            ),
        )
        database.executemany(
            "INSERT INTO manifest_edges (manifest_id, role, digest, repository_id, size)"
            " VALUES (?, ?, ?, ?, 1)",
            (
                (begin + number, role, digest, first + number % REPOSITORIES)
                for number in numbers
                for role, digest in (
                    ("config", IMAGE.config.digest),
                    ("layer", layer_digest(number % blobs)),
                )
            ),
        )
        database.executemany(
            "INSERT INTO tags (repository_id, name, manifest_id, updated_at) VALUES (?, ?, ?, ?)",
            (
                (first + number % REPOSITORIES, tag_name(number), begin + number, now)
                for number in numbers
            ),
        )
