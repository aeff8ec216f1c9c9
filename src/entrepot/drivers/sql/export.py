"""Reads everything that the registry has within one reading transaction."""

from collections.abc import AsyncIterator
from typing import Any

from entrepot.drivers.sql.database import Asks, Row
from entrepot.drivers.sql.reader import blob_of
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import StoredBlob, StoredManifest
from entrepot.ports.transfer import ExportedManifest

_PAGE = 500
_MANIFESTS_A_PAGE = 8


class SqlExportSource:
    """Implements `ExportSource`. Others read and write meanwhile, unseen here.

    Args:
        session: of a reading transaction.
    """

    def __init__(self, session: Asks) -> None:
        self._session = session

    async def repositories(self) -> AsyncIterator[RepositoryName]:
        """List the repositories that have a manifest, by name."""
        async for (name,) in self._pages("repositories", "", _PAGE):
            yield RepositoryName(name)

    async def blobs(self, name: RepositoryName) -> AsyncIterator[StoredBlob]:
        """List the blobs of a repository."""
        async for row in self._pages("exported_blobs", 0, _PAGE, name=name):
            yield blob_of(row[1:])

    async def manifests(self, name: RepositoryName) -> AsyncIterator[ExportedManifest]:
        """List the manifests of a repository, by digest; few are in memory at once."""
        pages = self._pages("exported_manifests", "", _MANIFESTS_A_PAGE, name=name)
        async for digest, media_type, is_child, payload in pages:
            yield ExportedManifest(
                StoredManifest(Digest(digest), media_type, payload), bool(is_child)
            )

    async def tags(self, name: RepositoryName) -> AsyncIterator[tuple[Tag, Digest]]:
        """List the tags of a repository, by name."""
        async for tag, digest in self._pages("exported_tags", "", _PAGE, name=name):
            yield Tag(tag), Digest(digest)

    async def _pages(self, query: str, after: Any, limit: int, **values: Any) -> AsyncIterator[Row]:
        """Give rows page by page; each page begins behind the first value of the last row."""
        while True:
            page = await self._session.rows(query, after=after, limit=limit, **values)
            for row in page:
                yield row
            if len(page) < limit:
                return
            after = page[-1][0]
