"""What mirrors keep, from the metadata's database."""

from entrepot.drivers.sql.database import Database, Row
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.eviction import CachedManifest, CachedTotal

# Behind every character of a name, and behind '/' in a name's order.
_END = "~"
_BEHIND_SLASH = "0"


class SqlCachedImages:
    """Implements `CachedImages`.

    Args:
        database: is asked, beside the event loop: these walk through all that is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def total(self, component: str) -> CachedTotal:
        """Add up what is kept."""
        begin, end = _range(component)
        async with self._database.reading() as session:
            [kept] = await session.rows("cached_total", begin=begin, end=end)
            [(blobs, size)] = await session.rows("cached_blobs", begin=begin, end=end)
        repositories, tags, manifests, manifest_bytes, oldest, newest = kept
        return CachedTotal(
            repositories, tags, manifests, blobs, size + manifest_bytes, oldest, newest
        )

    async def cutoff(self, component: str, size: int) -> int | None:
        """Find the time up to which everything must go for the rest to fit into a size."""
        begin, end = _range(component)
        async with self._database.reading() as session:
            [found] = await session.column("cache_cutoff", begin=begin, end=end, size=size)
        return None if found is None else int(found)

    async def unused_since(
        self, component: str, until: int, after: tuple[str, str], limit: int
    ) -> list[CachedManifest]:
        """List manifests that were not used later than a moment, by repository and digest."""
        begin, end = _range(component)
        name, digest = after
        async with self._database.reading() as session:
            rows = await session.rows(
                "cached_unused",
                name=max(name, begin),
                digest=digest,
                end=end,
                until=until,
                limit=limit,
            )
        return _manifests(rows)

    async def least_recent(self, component: str, limit: int) -> list[CachedManifest]:
        """List what was used least recently, first what would go first."""
        begin, end = _range(component)
        async with self._database.reading() as session:
            rows = await session.rows("least_recently_used", begin=begin, end=end, limit=limit)
        return _manifests(rows)


def _manifests(rows: list[Row]) -> list[CachedManifest]:
    return [
        CachedManifest(RepositoryName(name), Digest(digest), size, used_at)
        for name, digest, size, used_at in rows
    ]


def _range(component: str) -> tuple[str, str]:
    return (f"{component}/", f"{component}{_BEHIND_SLASH}") if component else ("", _END)
