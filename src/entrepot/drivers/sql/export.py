"""Reads everything that the registry has from one read transaction."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.failures import translate
from entrepot.drivers.sql.queries import load_queries
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Location
from entrepot.ports.export import ExportedManifest
from entrepot.ports.metadata import StoredBlob, StoredManifest

_QUERIES = load_queries()
_PAGE = 500
_MANIFESTS_A_PAGE = 8
_BUSY_WAIT_MILLISECONDS = 5_000


class SqliteExportSource:
    """Implements `ExportSource`. Others read and write meanwhile, unseen here.

    Args:
        path: the file; it must have been migrated.

    Raises:
        MetadataOutage: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, durable=True, read_only=True)
        self._connection.execute(f"PRAGMA busy_timeout = {_BUSY_WAIT_MILLISECONDS}")
        self._connection.execute("BEGIN")

    def repositories(self) -> Iterator[RepositoryName]:
        """List the repositories that have a manifest, by name."""
        for (name,) in self._pages("repositories", "", _PAGE, lambda row: row[0]):
            yield RepositoryName(name)

    def blobs(self, name: RepositoryName) -> Iterator[StoredBlob]:
        """List the blobs of a repository."""
        pages = self._pages("exported_blobs", 0, _PAGE, lambda row: row[0], name=name)
        for _, digest, size, location, quarantined in pages:
            yield StoredBlob(Digest(digest), size, Location(location), bool(quarantined))

    def manifests(self, name: RepositoryName) -> Iterator[ExportedManifest]:
        """List the manifests of a repository, by digest; few are in memory at once."""
        pages = self._pages(
            "exported_manifests", "", _MANIFESTS_A_PAGE, lambda row: row[0], name=name
        )
        for digest, media_type, is_child, payload in pages:
            stored = StoredManifest(Digest(digest), media_type, payload)
            yield ExportedManifest(stored, bool(is_child))

    def tags(self, name: RepositoryName) -> Iterator[tuple[Tag, Digest]]:
        """List the tags of a repository, by name."""
        for tag, digest in self._pages("exported_tags", "", _PAGE, lambda row: row[0], name=name):
            yield Tag(tag), Digest(digest)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _pages(
        self,
        query: str,
        after: Any,
        limit: int,
        key: Callable[[Any], Any],
        **parameters: Any,
    ) -> Iterator[Any]:
        while True:
            wanted = {**parameters, "after": after, "limit": limit}
            try:
                page = self._connection.execute(_QUERIES[query], wanted).fetchall()
            except sqlite3.Error as error:
                raise translate(error) from error
            yield from page
            if len(page) < limit:
                return
            after = key(page[-1])
