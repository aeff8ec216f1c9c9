"""A small registry with one of everything, hands to break it, and a check of it."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from entrepot.drivers.filesystem.foreign import DockerRegistryTree
from entrepot.drivers.sql.check import SqlInspector, SqlMender
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.quarantine import SqlQuarantine
from entrepot.drivers.sql.recount import SqlUsageRecount
from entrepot.drivers.sql.sweep import SqlCollectionSweep
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import NewManifest, StoredBlob, Transaction
from entrepot.services.adoption.changes import DirectoryWatch
from entrepot.services.check import Check, Fault, Finding, Stores, run_check
from tests.contract.pushing import about, push, some_image, some_index
from tests.unit.services.registry import Registry, with_registry

APP, LISTS = RepositoryName("team/app"), RepositoryName("lists")
CONFIG, LAYER, SHARED, OTHER = "{}", "a layer of the app", "a shared layer", "another layer"
IMAGE = some_image(LAYER, SHARED)
SIGNATURE = some_image(OTHER, subject=about(IMAGE))
CHILD = some_image(SHARED)
INDEX = some_index(CHILD)
CONTENTS = {APP: (CONFIG, LAYER, SHARED, OTHER), LISTS: (CONFIG, SHARED)}
MANIFESTS: dict[RepositoryName, tuple[NewManifest, ...]] = {
    APP: (SIGNATURE, IMAGE),
    LISTS: (CHILD, INDEX),
}


def digest_of(content: str) -> Digest:
    return Digest.of(content.encode())


@dataclass(frozen=True)
class Damaged:
    """A registry that is about to be damaged."""

    registry: Registry
    database: Path

    def file(self, content: str) -> Path:
        layout = self.registry.layout
        return Path(layout.path(layout.location(digest_of(content))))

    def sql(self, *statements: str) -> None:
        """Change rows behind the registry's back: without its triggers and its foreign keys."""
        with closing(sqlite3.connect(self.database)) as connection:
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                assert connection.execute(statement).rowcount > 0, statement
            for _, text in triggers:
                connection.execute(text)
            connection.commit()

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Give what must be the same again after a repair."""
        queries = {
            "links": "SELECT name, digest FROM repository_blobs"
            " JOIN repositories ON repositories.id = repository_id"
            " JOIN blobs ON blobs.id = blob_id",
            "edges": "SELECT manifests.digest, role, manifest_edges.digest, manifest_edges.size,"
            " manifest_edges.repository_id FROM manifest_edges"
            " JOIN manifests ON manifests.id = manifest_id",
            "blobs": "SELECT digest, size, location, quarantined_at FROM blobs",
            "tags": "SELECT name, manifest_id FROM tags",
            "catalogue": "SELECT name, populated FROM repositories",
        }
        with closing(sqlite3.connect(self.database)) as connection:
            return {
                what: sorted(connection.execute(query), key=repr) for what, query in queries.items()
            }

    async def check(self, *, verify: bool = False, repair: bool = False) -> list[Finding]:
        registry = self.registry
        asked = SqliteDatabase(self.database, read_only=True)
        found: list[Finding] = []
        stores = Stores(
            rows=SqlInspector(asked),
            mender=SqlMender(registry.metadata.database),
            blobs=registry.inspector,
            keeper=registry.blobs,
            sessions=registry.sessions,
            recount=SqlUsageRecount(registry.metadata.database),
            quarantine=SqlQuarantine(registry.metadata.database),
            clock=registry.clock,
            directory=DirectoryWatch(
                DockerRegistryTree(registry.layout.root), SqlCollectionSweep(asked).trees
            ),
        )
        try:
            await run_check(Check(stores, found.append, verify, repair))
        finally:
            asked.close()
        return found


def kinds(found: list[Finding]) -> set[Fault]:
    return {finding.kind for finding in found}


def with_stock(work: Callable[[Damaged], Awaitable[None]]) -> None:
    """Run a function on a registry that has one of everything."""

    async def stocked(registry: Registry) -> None:
        for name, contents in CONTENTS.items():
            await _give(registry, name, contents)
            await push(registry.metadata, name, *MANIFESTS[name], tag="latest")
        registry.clock.forward(10**9)  # what was placed is long settled
        await work(Damaged(registry, registry.layout.root.parent / "metadata.db"))

    with_registry(stocked)


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


async def _give(registry: Registry, name: RepositoryName, contents: tuple[str, ...]) -> None:
    async def change(transaction: Transaction) -> None:
        number = await transaction.repository(name, 1)
        for content in contents:
            location = registry.layout.location(digest_of(content))
            _write(Path(registry.layout.path(location)), content)
            blob = StoredBlob(digest_of(content), len(content), location)
            await transaction.keep_blob(blob, 1)
            await transaction.link_blob(number, blob.digest, 1)

    await registry.metadata.change(change)
