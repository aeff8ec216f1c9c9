"""Takes what adoption makes known: many rows a transaction, committed between batches."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from entrepot.drivers.sql.adoption_log import LOCKED_WORK, SqliteAdoptionLog, translated
from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.lock import FileLock
from entrepot.drivers.sql.engines.sqlite.migrations import migrate, split_statements
from entrepot.drivers.sql.queries import migration_files
from entrepot.drivers.sql.reader import QUERIES
from entrepot.drivers.sql.transaction import SqliteTransaction
from entrepot.oci.accessory import named_digest
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import AdoptedTag, LinkedBlob
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import NewManifest, StoredBlob

_BUSY_WAIT_MILLISECONDS = 10_000
# Indexes are filled in the order of digests, which is none: their pages stay at hand.
_CACHE_KIBIBYTES = 64 * 1024
_CHECKPOINT_PAGES = 8_000


class SqliteAdoptionStore(SqliteAdoptionLog):
    """Implements `AdoptionStore`: see `open` and `scratch`."""

    def __init__(self, connection: sqlite3.Connection, lock: Path | None) -> None:
        super().__init__(connection, lock)
        self._transaction = SqliteTransaction(connection)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a database, and bring it to the schema of this program.

        Raises:
            NewerDatabase: a newer Entrepot has written the database.
            MetadataOutage: it cannot be opened, or another process is adopting.
        """
        lock = path.with_name(f"{path.name}-adopting")
        if lock.exists():  # whoever holds it keeps the database locked: do not wait for that
            FileLock(lock, LOCKED_WORK).release()
        migrate(path, "metadata", durable=True)
        connection = connect(path, durable=True)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_WAIT_MILLISECONDS}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        return cls(connection, lock)

    @classmethod
    def scratch(cls) -> Self:
        """Make an empty database that nobody else sees, and that is gone when it is closed.

        SQLite keeps it in memory, and what does not fit in a temporary file without a name.
        """
        connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for file in migration_files("metadata"):
            for statement in split_statements(file.read_text("utf-8")):
                connection.execute(statement)
        return cls(connection, None)

    async def repository(self, name: RepositoryName, created_at: int) -> int:
        """Find a repository's number; makes the repository where there is none."""
        with self._changing():
            number = await self._transaction.find_repository(name)
            if number is None:
                number = await self._transaction.repository(name, created_at)
                self._new["repositories"] += 1
        return number

    async def keep_blobs(self, repository: int, blobs: Sequence[LinkedBlob]) -> None:
        """Make blobs known, and let a repository have them."""
        with self._changing():
            known = self._digests("known_blobs", {linked.blob.digest for linked in blobs})
            new = [linked for linked in blobs if linked.blob.digest not in known]
            self._connection.executemany(
                QUERIES["keep_blob"],
                [
                    {
                        "digest": linked.blob.digest,
                        "size": linked.blob.size,
                        "location": linked.blob.location,
                        "now": linked.created_at,
                    }
                    for linked in new
                ],
            )
            self._connection.executemany(
                QUERIES["link_blob"],
                [
                    {
                        "repository": repository,
                        "digest": linked.blob.digest,
                        "now": linked.linked_at,
                    }
                    for linked in blobs
                ],
            )
        self._new["blobs"] += len(new)
        self._new["blob_bytes"] += sum(linked.blob.size for linked in new)

    async def find_blob(self, digest: Digest) -> StoredBlob | None:
        """Find a blob that is known."""
        with translated():
            row = self._run("find_blob", digest=digest).fetchone()
        return None if row is None else StoredBlob(Digest(row[0]), row[1], Location(row[2]))

    async def drop_blob(self, digest: Digest) -> None:
        """Take a blob from every repository, and forget it."""
        blob = await self.find_blob(digest)
        if blob is None:
            return
        with self._changing():
            self._run("drop_blob_links", digest=digest)
            self._run("drop_blob", digest=digest)
        self._new["blobs"] -= 1
        self._new["blob_bytes"] -= blob.size

    async def blob_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these blobs that the repository has."""
        with translated():
            return await self._transaction.blob_sizes(repository, digests)

    async def manifest_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these manifests that the repository has."""
        with translated():
            return await self._transaction.manifest_sizes(repository, digests)

    async def keep_manifests(self, repository: int, manifests: Sequence[NewManifest]) -> None:
        """Keep manifests that the repository does not have, and their edges."""
        rows = [_manifest_row(repository, manifest) for manifest in manifests]
        digests = json.dumps([manifest.digest for manifest in manifests])
        with self._changing():
            kept = self._connection.executemany(QUERIES["adopt_manifest"], rows).rowcount
            numbers = dict(
                self._run("manifest_numbers", repository=repository, digests=digests).fetchall()
            )
            edges = [
                {
                    "manifest": numbers[new.digest],
                    "role": edge.role.value,
                    "digest": edge.descriptor.digest,
                    "repository": repository,
                    "size": edge.descriptor.size,
                }
                for new in manifests
                for edge in new.manifest.edges
            ]
            self._connection.executemany(QUERIES["keep_edge"], edges)
            if manifests:
                self._run("mark_populated", repository=repository)
        self._new["manifests"] += kept

    async def keep_tags(self, repository: int, tags: Sequence[AdoptedTag]) -> None:
        """Keep tags of manifests that are there; a tag that is known already stays as it is."""
        rows = [
            {
                "repository": repository,
                "tag": tag.tag,
                "digest": tag.digest,
                "updated_at": tag.updated_at,
                "names": named_digest(tag.tag),
            }
            for tag in tags
        ]
        with self._changing():
            self._new["tags"] += self._connection.executemany(QUERIES["adopt_tag"], rows).rowcount

    async def missing_children(self, repository: int) -> list[tuple[Digest, Digest]]:
        """List indexes with a child that the repository has neither as manifest nor as blob."""
        with translated():
            rows = self._run("missing_children", repository=repository).fetchall()
        return [(Digest(index), Digest(child)) for index, child in rows]


def _manifest_row(repository: int, new: NewManifest) -> dict[str, Any]:
    read = new.manifest
    subject = read.subject
    return {
        "repository": repository,
        "digest": new.digest,
        "media_type": read.media_type,
        "artifact_type": read.artifact_type,
        "subject": None if subject is None else subject.digest,
        "annotations": json.dumps(read.annotations) if read.annotations else None,
        "size": len(new.payload),
        "pushed_at": new.pushed_at,
        "payload": new.payload,
    }
