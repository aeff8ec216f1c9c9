"""A database of before the counters is counted once, to what triggers would have counted."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite import migrations
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migration_files
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.recount import SqlUsageRecount
from entrepot.oci.name import RepositoryName
from tests.contract.pushing import give_blobs, push, some_blob, some_image
from tests.contract.usages import recounted

NUMBER = 8
# Namespaces have other numbers, but the same names.
COUNTERS = (
    "SELECT * FROM registry_usage",
    "SELECT name, names, repositories, tags, manifests, manifest_bytes, blobs, blob_bytes,"
    " exclusive_bytes FROM namespaces ORDER BY name",
    "SELECT name, repository_id, u.tags, u.manifests, u.manifest_bytes, u.blobs, u.blob_bytes,"
    " u.exclusive_bytes, u.referenced_bytes"
    " FROM repository_usage AS u JOIN namespaces ON id = namespace_id ORDER BY repository_id",
    "SELECT blob_id, name, b.repositories"
    " FROM namespace_blobs AS b JOIN namespaces ON id = namespace_id ORDER BY blob_id, name",
)
NAMES = ("team/app", "team/other", "alone", "other/app")


async def _fill(path: Path) -> None:
    metadata = SqlMetadata(SqliteDatabase(path))
    for position, text in enumerate(NAMES):
        name = RepositoryName(text)
        await give_blobs(
            metadata, name, *[some_blob("x" * size) for size in (1, 20, 300)[: position + 1]]
        )
        if position != 2:  # one has blobs alone
            await push(metadata, name, some_image("x", "x" * 20), some_image("x"), tag=text[:2])
    metadata.close()


def counters(path: Path) -> list[list[tuple[int, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(query).fetchall() for query in COUNTERS]


def test_what_was_there_before_is_counted_as_if_by_triggers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, upgraded = tmp_path / "counted.db", tmp_path / "upgraded.db"
    migrations.migrate(counted, "metadata", durable=False)
    asyncio.run(_fill(counted))

    older = [f for f in migration_files("metadata") if not f.name.startswith(f"{NUMBER:04}_")]
    monkeypatch.setattr(migrations, "migration_files", lambda family: older)
    migrations.migrate(upgraded, "metadata", durable=False)
    asyncio.run(_fill(upgraded))
    monkeypatch.undo()
    assert migrations.migrate(upgraded, "metadata", durable=False) == ["0008_usage.sql"]

    assert counters(upgraded) == counters(counted)
    with closing(SqliteDatabase(upgraded)) as opened:
        assert asyncio.run(recounted(SqlUsageRecount(opened))) == []
