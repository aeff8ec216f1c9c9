"""Counters of what lies where, as triggers keep them (migrations/metadata/0008_usage.sql)."""

import asyncio
from collections.abc import Sequence
from typing import Any

from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.tag_usage import TagUsage
from entrepot.ports.usage import Reclaimable, RegistryUsage, UsageRow

_PAGE = 1000


class SqliteUsage:
    """Implements `UsageReader`.

    Args:
        database: whose file it reads.
    """

    def __init__(self, database: SqliteMetadata) -> None:
        self._database = database

    async def registry(self) -> RegistryUsage:
        """Tell what the registry has."""
        rows = await self._database.rows("registry_usage")
        return RegistryUsage(*rows[0])

    async def repositories(self, after: str, limit: int) -> list[UsageRow]:
        """List repositories by name, in pages that begin behind a name."""
        return _usage(await self._database.rows("usage_of_repositories", after=after, limit=limit))

    async def namespaces(self, after: str, limit: int) -> list[UsageRow]:
        """List namespaces by name, in pages that begin behind a name."""
        return _usage(await self._database.rows("usage_of_namespaces", after=after, limit=limit))

    async def tags(self, repository: int, after: str, limit: int) -> list[UsageRow]:
        """List a repository's tags by name, in pages that begin behind a name."""
        rows = await self._database.rows(
            "tags_with_manifests", repository=repository, after=after, limit=limit
        )
        counted = TagUsage(self._database, repository)
        return [await counted.of(tag, manifest, size) for tag, manifest, size in rows]

    async def reclaimable(self) -> Reclaimable:
        """Tell what the collector could take, in the whole registry."""
        unneeded: dict[int, int] = {}
        repository, blob = 0, 0
        while rows := await self._database.rows(
            "unneeded_blobs", repository=repository, blob=blob, limit=_PAGE
        ):
            repository, blob = rows[-1][:2]
            unneeded.update({number: size for _, number, size, needed in rows if not needed})
            await asyncio.sleep(0)  # a server has requests to answer in between
        doomed = after = 0
        while rows := await self._database.rows("doomed_sizes", after=after, limit=_PAGE):
            after = rows[-1][0]
            doomed += sum(size for _, size in rows)
        registry = await self.registry()
        unlinked = registry.known_bytes - registry.blob_bytes
        return Reclaimable(sum(unneeded.values()), unlinked, doomed)


def _usage(rows: Sequence[Any]) -> list[UsageRow]:
    return [UsageRow._make(row) for row in rows]
