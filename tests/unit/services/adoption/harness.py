"""Adopts a tree into a database beside it, and looks at what that has made of it."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from entrepot.drivers.filesystem.foreign import DockerRegistryTree
from entrepot.drivers.sql.adoption import SqlAdoptionStore
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.adoption import Finding, FindingKind
from entrepot.ports.clock import SystemClock
from entrepot.ports.metadata import Referrer, StoredBlob, StoredManifest
from entrepot.services.adoption import (
    AdoptionReport,
    ProgressObserver,
    adopt,
    all_findings,
    ignore_progress,
    verify,
)

TABLES = {
    "repositories": "name, populated",
    "blobs": "digest, size, location, created_at",
    "repository_blobs": (
        "(SELECT name FROM repositories WHERE id = repository_id),"
        " (SELECT digest FROM blobs WHERE id = blob_id), linked_at"
    ),
    "manifests": (
        "(SELECT name FROM repositories WHERE id = repository_id),"
        " digest, media_type, artifact_type, subject, annotations, size, pushed_at, payload"
    ),
    "manifest_edges": (
        "(SELECT digest FROM manifests WHERE id = manifest_id), role, digest,"
        " (SELECT name FROM repositories WHERE id = repository_id), size"
    ),
    "tags": (
        "(SELECT name FROM repositories WHERE id = repository_id), name,"
        " (SELECT digest FROM manifests WHERE id = manifest_id), updated_at"
    ),
    "adoption_findings": "kind, repository, reference, detail",
    "adoption": "reached, repositories, manifests, tags, blobs, blob_bytes",
}


def database(root: Path) -> Path:
    return root / "entrepot/metadata.db"


def adopt_tree(
    root: Path,
    *,
    verified: bool = False,
    again: bool = False,
    progress: ProgressObserver = ignore_progress,
) -> AdoptionReport:
    """Adopt, as a start of the server does."""

    async def run() -> AdoptionReport:
        store = SqlAdoptionStore.open(database(root))
        source = DockerRegistryTree(root)
        try:
            seen = await verify(source) if verified else None
            return await adopt(source, store, SystemClock(), progress, seen, again=again)
        finally:
            store.close()

    return asyncio.run(run())


def try_adopting(root: Path) -> tuple[AdoptionReport, list[Finding]]:
    """Adopt into a database that is gone afterwards."""

    async def run() -> tuple[AdoptionReport, list[Finding]]:
        store = SqlAdoptionStore.scratch()
        try:
            report = await adopt(DockerRegistryTree(root), store, SystemClock())
            return report, [finding async for finding in all_findings(store)]
        finally:
            store.close()

    return asyncio.run(run())


def findings(root: Path, kind: FindingKind | None = None) -> list[Finding]:
    """What adoption found, all of it or that of one kind."""
    with sqlite3.connect(database(root)) as connection:
        rows = connection.execute(
            "SELECT kind, repository, reference, detail FROM adoption_findings"
        ).fetchall()
    connection.close()
    found = [Finding(FindingKind(row[0]), *row[1:]) for row in rows]
    return sorted(one for one in found if kind in (None, one.kind))


def content(root: Path) -> dict[str, list[Any]]:
    """Every row, without numbers and without the time of the adoption itself."""
    connection = sqlite3.connect(database(root))
    try:
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table}"), key=repr)
            for table, columns in TABLES.items()
        }
    finally:
        connection.close()


class Served:
    """What clients would be given, read as the server reads it."""

    def __init__(self, root: Path) -> None:
        self._path = database(root)

    def manifest(self, name: str, reference: str) -> StoredManifest | None:
        def ask(metadata: SqlMetadata) -> Any:
            if ":" in reference:
                return metadata.manifest_by_digest(RepositoryName(name), Digest(reference))
            return metadata.manifest_by_tag(RepositoryName(name), Tag(reference))

        found: StoredManifest | None = self._ask(ask)
        return found

    def blob(self, name: str, digest: str) -> StoredBlob | None:
        found: StoredBlob | None = self._ask(
            lambda metadata: metadata.blob(RepositoryName(name), Digest(digest))
        )
        return found

    def tags(self, name: str) -> list[str]:
        return list(self._ask(lambda metadata: metadata.tags(RepositoryName(name), "", 1000)))

    def repositories(self) -> list[str]:
        return list(self._ask(lambda metadata: metadata.repositories("", 1000)))

    def exists(self, name: str) -> bool:
        return bool(self._ask(lambda metadata: metadata.repository_exists(RepositoryName(name))))

    def referrers(self, name: str, subject: str) -> list[Referrer]:
        return list(
            self._ask(
                lambda metadata: metadata.referrers(
                    RepositoryName(name), Digest(subject), None, "", 100
                )
            )
        )

    def _ask(self, ask: Any) -> Any:
        async def run() -> Any:
            metadata = SqlMetadata(SqliteDatabase(self._path))
            try:
                return await ask(metadata)
            finally:
                metadata.close()

        return asyncio.run(run())
