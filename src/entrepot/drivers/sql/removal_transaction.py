"""What a transaction offers for deleting and restoring."""

import sqlite3
from typing import Any

from entrepot.drivers.sql.reader import QUERIES
from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.removal import TagChange, TagState


class SqliteRemoval:
    """Implements `Removal`; a part of `SqliteTransaction`."""

    _connection: sqlite3.Connection

    async def tag(self, repository: int, tag: Tag) -> TagState | None:
        """Find where a tag points."""
        row = self._ask("tag_state", repository=repository, tag=tag).fetchone()
        return None if row is None else TagState(row[0], Digest(row[1]), row[2])

    async def tag_names(self, repository: int, after: str, limit: int) -> list[str]:
        """List tags in byte order, behind one of them."""
        rows = self._ask("tag_names", repository=repository, after=after, limit=limit)
        return [row[0] for row in rows]

    async def tags_of(self, repository: int, digest: Digest) -> list[str]:
        """List the tags that point to a manifest."""
        manifest = await self.find_manifest(repository, digest)
        return [row[0] for row in self._ask("tags_of_manifest", manifest=manifest)]

    async def find_manifest(self, repository: int, digest: Digest) -> int | None:
        """Find a manifest's number."""
        row = self._ask("find_manifest", repository=repository, digest=digest).fetchone()
        return None if row is None else int(row[0])

    async def indexes_with(self, repository: int, digest: Digest, limit: int) -> list[Digest]:
        """List indexes of the repository that have a manifest as their child."""
        rows = self._ask("indexes_with", repository=repository, digest=digest, limit=limit)
        return [Digest(row[0]) for row in rows]

    async def children(self, repository: int, digest: Digest) -> list[Digest]:
        """List the children of an index that the repository has as manifests."""
        rows = self._ask("children", repository=repository, digest=digest)
        return [Digest(row[0]) for row in rows]

    async def is_held(self, repository: int, digest: Digest) -> bool:
        """Tell whether a tag, an index, or the manifest that it is about, keeps a manifest."""
        row = self._ask("is_held", repository=repository, digest=digest).fetchone()
        return row is not None and bool(row[0])

    async def tag_changes(self, repository: int, tag: Tag, limit: int) -> list[TagChange]:
        """List the changes of a tag, newest first."""
        rows = self._ask("tag_changes", repository=repository, tag=tag, limit=limit)
        return [tag_change(row) for row in rows]

    async def hide_repository(self, repository: int, now: int) -> None:
        """Delete a repository: nobody sees it from now on; its rows go by `drain`."""
        self._ask("hide_repository", repository=repository, now=now)

    def _ask(self, query: str, **parameters: Any) -> sqlite3.Cursor:
        return self._connection.execute(QUERIES[query], parameters)


def tag_change(row: Any) -> TagChange:
    """Read a row of the history."""
    number, old, new, caller, changed_at = row
    return TagChange(
        number,
        None if old is None else Digest(old),
        None if new is None else Digest(new),
        caller,
        changed_at,
    )
