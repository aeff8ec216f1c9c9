"""Tags of before the column get what a push would have written."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite import migrations
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migration_files
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.oci.accessory import fallback_tag
from entrepot.oci.name import RepositoryName
from tests.contract.pushing import APP, OTHER, push, some_image
from tests.unit.oci.test_accessory import ORDINARY, WRITTEN

IMAGE = some_image("image")
OWN = [fallback_tag(IMAGE.digest), f"{fallback_tag(IMAGE.digest)}.imgpkg"]


def accessories(path: Path) -> list[tuple[str, str, str | None]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT repositories.name, tags.name, accessory_of"
            " FROM tags JOIN repositories ON id = repository_id ORDER BY 1, 2"
        ).fetchall()


async def fill(path: Path) -> None:
    metadata = SqlMetadata(SqliteDatabase(path))
    for name in (APP, OTHER):
        await _fill(metadata, name)
    metadata.close()


async def _fill(metadata: SqlMetadata, name: RepositoryName) -> None:
    for tag in (*WRITTEN, *ORDINARY, *OWN, f"{OWN[0]}.sig", f"ci-{OWN[0]}.sig"):
        await push(metadata, name, IMAGE if tag in OWN else some_image("signature"), tag=tag)


def test_tags_of_before_are_told_from_accessories(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    migrations.migrate(path, "metadata", durable=False)
    asyncio.run(fill(path))
    pushed = accessories(path)
    assert len([of for _, _, of in pushed if of]) == 2 * (len(WRITTEN) + 2)

    # The tables as they were, with these tags.
    migration = next(file for file in migration_files("metadata") if "accessories" in file.name)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP INDEX tags_by_accessory")
        connection.execute("DROP TRIGGER manifest_deleted")
        connection.execute("ALTER TABLE tags DROP COLUMN accessory_of")
        connection.execute(
            "CREATE TRIGGER manifest_deleted AFTER DELETE ON manifests BEGIN SELECT 1; END"
        )
        for statement in migrations.split_statements(migration.read_text("utf-8")):
            connection.execute(statement)
    assert accessories(path) == pushed


@pytest.mark.parametrize("moved", [False, True])
def test_a_tag_that_moves_is_looked_at_anew(tmp_path: Path, *, moved: bool) -> None:
    path = tmp_path / "metadata.db"
    migrations.migrate(path, "metadata", durable=False)

    async def work() -> None:
        metadata = SqlMetadata(SqliteDatabase(path))
        await push(metadata, APP, some_image("signature"), tag=OWN[0])
        if moved:
            await push(metadata, APP, IMAGE, tag=OWN[0])
        metadata.close()

    asyncio.run(work())
    assert (accessories(path)[0][2] is None) is moved
