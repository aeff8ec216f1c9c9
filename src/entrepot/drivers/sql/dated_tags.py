"""Tags with their times, from the metadata's database."""

from entrepot.drivers.sql.database import Database
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.removal import DatedTag


class SqlDatedTags:
    """Implements `DatedTags`.

    Args:
        database: is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def dated_tags(self, name: RepositoryName, after: str, limit: int) -> list[DatedTag]:
        """List a repository's tags in byte order, in a page that begins behind a name."""
        rows = await self._database.rows("dated_tags", name=name, after=after, limit=limit)
        return [
            DatedTag(Tag(tag), Digest(digest), pushed_at, pulled_at, accessory_of)
            for tag, digest, pushed_at, pulled_at, accessory_of in rows
        ]

    async def indexes_with(self, name: RepositoryName, digest: Digest, limit: int) -> list[Digest]:
        """List indexes of a repository that have a manifest as their child."""
        found = await self._database.column("find_repository", name=name)
        if not found:
            return []
        indexes = await self._database.column(
            "indexes_with", repository=found[0], digest=digest, limit=limit
        )
        return [Digest(index) for index in indexes]
