"""The full sweep's pages: read beside the event loop, so that pulls are answered meanwhile."""

from entrepot.drivers.sql.database import Database, Session
from entrepot.drivers.sql.reader import blob_of
from entrepot.ports.adoption import TreeMark
from entrepot.ports.collection import SweptPage
from entrepot.ports.metadata import StoredBlob

# Behind every number.
_END = 2**62


class SqlCollectionSweep:
    """Implements `CollectionSweep`.

    Args:
        database: is read, and the few things that were forgotten are queued in it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sweep_links(self, after: tuple[int, int], limit: int, since: int) -> SweptPage:
        """Queue what no manifest needs, of a page of links."""
        begin = {"repository": after[0], "blob": after[1]}
        async with self._database.reading() as session:
            end = await session.rows("end_of_links", **begin, others=limit - 1)
            last = end[0] if end else (_END, _END)
            looked = limit if end else (await session.column("rest_of_links", **begin))[0]
            loose = await session.rows(
                "loose_links", **begin, last_repository=last[0], last_blob=last[1], since=since
            )
        rows = [{"repository": repository, "blob": blob} for repository, blob in loose]
        await self._queue("queue_link", rows)
        return SweptPage((last[0], last[1]) if end else None, looked, len(loose))

    async def sweep_blobs(self, after: tuple[int, int], limit: int) -> SweptPage:
        """Queue what no repository has, of a page of blobs."""
        return await self._by_number("blob", after[0], limit)

    async def sweep_manifests(self, after: tuple[int, int], limit: int) -> SweptPage:
        """Queue what has no tag and is in no index, of a page of manifests."""
        return await self._by_number("manifest", after[0], limit)

    async def served_blobs(self, after: int, limit: int) -> list[tuple[int, StoredBlob]]:
        """Give a page of blobs that are not in quarantine."""
        async with self._database.reading() as session:
            rows = await session.rows("served_blobs", after=after, limit=limit)
        return [(number, blob_of(blob)) for number, *blob in rows]

    async def tree_read_at(self) -> int | None:
        """Tell when the directory was read last."""
        found = await self._database.column("tree_read_at")
        return int(found[0]) if found else None

    async def trees(self) -> dict[str, TreeMark]:
        """Give what each repository of the directory looked like then."""
        rows = await self._database.rows("adopted_trees")
        return {name: TreeMark(fingerprint, newest) for name, fingerprint, newest in rows}

    async def adopted_at(self) -> int | None:
        """Tell when the directory was adopted."""
        found = await self._database.column("adopted_at")
        return int(found[0]) if found else None

    async def _by_number(self, name: str, after: int, limit: int) -> SweptPage:
        async with self._database.reading() as session:
            end = await session.column(f"end_of_{name}s", after=after, others=limit - 1)
            last = end[0] if end else _END
            looked = limit if end else (await session.column(f"rest_of_{name}s", after=after))[0]
            loose = await session.column(f"loose_{name}s", after=after, last=last)
        await self._queue(f"queue_{name}", [{name: number} for number in loose])
        return SweptPage((last, 0) if end else None, looked, len(loose))

    async def _queue(self, query: str, found: list[dict[str, int]]) -> None:
        if not found:
            return

        async def work(session: Session) -> None:
            await session.many(query, found)

        await self._database.transaction(work)
