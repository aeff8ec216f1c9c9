"""What lies where: counters as triggers keep them, and what tags have, found along the edges."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from entrepot.drivers.sql.database import Asks, Row
from entrepot.ports.usage import Reclaimable, RegistryUsage, UsageRow

_PAGE = 1000
# A manifest may name one blob as its config, as a layer and as a child.
_ROLES = 3


class SqlUsage:
    """Implements `UsageReader`.

    Args:
        database: is asked.
    """

    def __init__(self, database: Asks) -> None:
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
        counted = _TagUsage(self._database, repository)
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


class _TagUsage:
    """Counts what tags of one repository have; work grows with what they have.

    Args:
        database: is asked.
        repository: its number.
    """

    def __init__(self, database: Asks, repository: int) -> None:
        self._database = database
        self._repository = repository

    async def of(self, tag: str, manifest: int, size: int) -> UsageRow:
        """Count what a tag has.

        Args:
            tag: its name.
            manifest: the number of what it points to.
            size: bytes of that manifest.
        """
        sizes = await self._below({manifest: size})
        own = await self._own(tag, sizes)
        needs = await self._rows("needs_of", sizes)
        blobs = {blob: stored for _, _, _, blob, stored in needs if blob is not None}
        candidates = {(blob, digest) for user, digest, _, blob, _ in needs if user in own and blob}
        exclusive = [
            blobs[blob] for blob, digest in candidates if await self._is_own_blob(blob, digest, own)
        ]
        return UsageRow(
            id=manifest,
            name=tag,
            repositories=1,
            tags=1,
            manifests=len(sizes),
            blobs=len(blobs),
            manifest_bytes=sum(sizes.values()),
            blob_bytes=sum(blobs.values()),
            exclusive_blob_bytes=sum(exclusive),
            referenced_bytes=sum(said for _, _, said, _, _ in needs),
            reclaimable_bytes=0,
            exclusive_manifest_bytes=sum(sizes[number] for number in own),
        )

    async def _below(self, top: dict[int, int]) -> dict[int, int]:
        """Find what manifests have below them and what speaks of these, with their sizes."""
        found, new = dict(top), set(top)
        while new:
            rows = await self._rows("children_of", new) + await self._rows("referrers_of", new)
            new = {number for number, _ in rows} - found.keys()
            found.update(rows)
        return found

    async def _own(self, tag: str, sizes: dict[int, int]) -> set[int]:
        """Find those that would go with the tag: nothing else holds them, nor what holds them."""
        kept = {number for (number,) in await self._rows("tags_on", sizes, tag=tag)}
        kept |= {
            child for child, holder in await self._rows("holders_of", sizes) if holder not in sizes
        }
        return sizes.keys() - await self._below(dict.fromkeys(kept, 0))

    async def _is_own_blob(self, blob: int, digest: str, own: set[int]) -> bool:
        ask = self._database.column
        if (await ask("blob_is_elsewhere", blob=blob, repository=self._repository))[0]:
            return False
        # One more than all of one's own could be: if there is another user, it is among them.
        limit = len(own) * _ROLES + 1
        users = await ask("some_users", digest=digest, repository=self._repository, limit=limit)
        return own.issuperset(users)

    async def _rows(self, query: str, manifests: Iterable[int], **more: Any) -> list[Any]:
        return await self._database.rows(
            query, manifests=manifests, repository=self._repository, **more
        )


def _usage(rows: Sequence[Row]) -> list[UsageRow]:
    return [UsageRow._make(row) for row in rows]
