"""Deleting and restoring, as the metadata's database does it."""

from itertools import takewhile

from entrepot.drivers.sql.database import Database, Session, change
from entrepot.drivers.sql.removal_transaction import tag_change
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.removal import RemovedManifest, TagChange

_LATEST = 2**62
# What refers goes before what it refers to: at no moment does anything miss what it needs.
_DRAINS = (
    ("drain_tags",),
    ("drain_history",),
    ("drain_edges", "drain_manifests"),
    ("drain_removed_manifests",),
    ("drain_links",),
)


class SqlTagHistory:
    """Implements `TagHistory`.

    Args:
        database: has the rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def changes(
        self, name: RepositoryName, tag: Tag, before: int | None, limit: int
    ) -> list[TagChange]:
        """List the changes of a tag, newest first."""
        rows = await self._database.rows(
            "tag_history",
            name=name,
            tag=tag,
            before=_LATEST if before is None else before,
            limit=limit,
        )
        return [tag_change(row) for row in rows]

    async def removed(self, name: RepositoryName, digest: Digest) -> RemovedManifest | None:
        """Find a manifest that was removed and can be brought back."""
        rows = await self._database.rows("removed_manifest", name=name, digest=digest)
        if not rows:
            return None
        media_type, pushed_at, payload = rows[0]
        return RemovedManifest(digest, media_type, payload, pushed_at)

    async def forget(self, before: int, limit: int) -> int:
        """Remove lines that are older than a moment, oldest first; tell how many."""
        rows = await self._database.rows("oldest_history", limit=limit)
        old = [number for number, _ in takewhile(lambda row: row[1] < before, rows)]
        if not old:
            return 0
        return await change(self._database, "forget_history", last=old[-1])


class SqlHiddenRepositories:
    """Implements `HiddenRepositories`.

    Args:
        database: has the rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def drain(self, limit: int) -> bool:
        """Remove some rows of one of them, in one transaction; False when there is none left."""
        hidden = await self._database.column("hidden_repositories", limit=1)
        if not hidden:
            return False

        async def work(session: Session) -> None:
            for queries in _DRAINS:
                for query in queries:
                    gone = await session.run(query, repository=hidden[0], limit=limit)
                if gone >= limit:
                    return  # enough for once
            await session.run("drain_repository", repository=hidden[0])

        await self._database.transaction(work)
        return True
