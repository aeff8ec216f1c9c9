"""What a transaction offers for deleting and restoring."""

from entrepot.drivers.sql.database import Row, Session
from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.removal import TagChange, TagState


class SqlRemoval:
    """Implements `Removal`; a part of `SqlTransaction`."""

    _session: Session

    async def tag(self, repository: int, tag: Tag) -> TagState | None:
        """Find where a tag points, and keep others from moving it until the transaction ends."""
        await self._session.lock("tag", f"{repository}/{tag}")
        rows = await self._session.rows("tag_state", repository=repository, tag=tag)
        return TagState(rows[0][0], Digest(rows[0][1]), *rows[0][2:]) if rows else None

    async def tag_names(self, repository: int, after: str, limit: int) -> list[str]:
        """List tags in byte order, behind one of them."""
        return await self._session.column(
            "tag_names", repository=repository, after=after, limit=limit
        )

    async def tags_of(self, repository: int, digest: Digest) -> list[str]:
        """List the tags that point to a manifest."""
        manifest = await self.find_manifest(repository, digest)
        return await self._session.column("tags_of_manifest", manifest=manifest)

    async def find_manifest(self, repository: int, digest: Digest) -> int | None:
        """Find a manifest's number."""
        found = await self._session.column("find_manifest", repository=repository, digest=digest)
        return int(found[0]) if found else None

    async def indexes_with(self, repository: int, digest: Digest, limit: int) -> list[Digest]:
        """List indexes of the repository that have a manifest as their child."""
        found = await self._session.column(
            "indexes_with", repository=repository, digest=digest, limit=limit
        )
        return [Digest(index) for index in found]

    async def children(self, repository: int, digest: Digest) -> list[Digest]:
        """List the children of an index that the repository has as manifests."""
        found = await self._session.column("children", repository=repository, digest=digest)
        return [Digest(child) for child in found]

    async def is_held(self, repository: int, digest: Digest) -> bool:
        """Tell whether a tag, an index, or the manifest that it is about, keeps a manifest."""
        found = await self._session.column("is_held", repository=repository, digest=digest)
        return bool(found and found[0])

    async def tag_changes(self, repository: int, tag: Tag, limit: int) -> list[TagChange]:
        """List the changes of a tag, newest first."""
        rows = await self._session.rows("tag_changes", repository=repository, tag=tag, limit=limit)
        return [tag_change(row) for row in rows]

    async def hide_repository(self, repository: int, now: int) -> None:
        """Delete a repository: nobody sees it from now on; its rows go by `drain`."""
        await self._session.run("hide_repository", repository=repository, now=now)


def tag_change(row: Row) -> TagChange:
    """Read a row of the history."""
    number, old, new, caller, changed_at = row
    return TagChange(
        number,
        None if old is None else Digest(old),
        None if new is None else Digest(new),
        caller,
        changed_at,
    )
