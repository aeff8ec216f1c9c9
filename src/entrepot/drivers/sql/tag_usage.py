"""What tags have, found along the edges of their manifests."""

import json
from collections.abc import Iterable
from typing import Any

from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.ports.usage import UsageRow

# A manifest may name one blob as its config, as a layer and as a child.
_ROLES = 3


class TagUsage:
    """Counts what tags of one repository have; work grows with what they have.

    Args:
        database: whose file it reads.
        repository: its number.
    """

    def __init__(self, database: SqliteMetadata, repository: int) -> None:
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
        ask = self._database.rows
        if (await ask("blob_is_elsewhere", blob=blob, repository=self._repository))[0][0]:
            return False
        # One more than all of one's own could be: if there is another user, it is among them.
        limit = len(own) * _ROLES + 1
        users = await ask("some_users", digest=digest, repository=self._repository, limit=limit)
        return {number for (number,) in users} <= own

    async def _rows(self, query: str, manifests: Iterable[int], **more: Any) -> list[Any]:
        listed = json.dumps(list(manifests))
        return await self._database.rows(
            query, manifests=listed, repository=self._repository, **more
        )
