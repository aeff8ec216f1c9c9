"""Manifests of before get the annotations that a push would have written."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from entrepot.drivers.sql.engines.sqlite import migrations
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migration_files
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Manifest
from entrepot.ports.metadata import NewManifest
from tests.contract.pushing import APP, about, push, some_image, some_index

PLAIN = some_image("plain")
MANIFESTS = [
    PLAIN,
    some_image("noted", annotations={"org.example": "é\U0001f600 \ud83d\ude00", "": ""}),
    some_image("empty", annotations={}),
    some_image("about", annotations={"a": "b"}, subject=about(PLAIN)),
    some_index(PLAIN, annotations={"in": "dex"}),
    *(
        NewManifest(Digest.of(payload), payload, Manifest(types.OCI_MANIFEST, (), None, {}), 1)
        for payload in (
            b'{"annotations": 1}',
            b'{"annotations": null}',
            b'"annotations"',
            b'{"annotations": {"no JSON',
            b'{"annotations": {}}\xff',
            b'{"annotations": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        )
    ),
]


def annotations(path: Path) -> list[tuple[str, str | None]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT digest, json(annotations) FROM manifests ORDER BY 1"
        ).fetchall()


async def fill(path: Path) -> None:
    metadata = SqlMetadata(SqliteDatabase(path))
    await push(metadata, APP, *MANIFESTS)
    metadata.close()


def test_annotations_are_those_of_a_push(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    migrations.migrate(path, "metadata", durable=False)
    asyncio.run(fill(path))
    pushed = annotations(path)
    assert len([text for _, text in pushed if text]) == 3

    migration = next(file for file in migration_files("metadata") if "listed" in file.name)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE manifests SET annotations = NULL WHERE subject IS NULL")
        for statement in migrations.split_statements(migration.read_text("utf-8")):
            connection.execute(statement)
    assert annotations(path) == pushed
