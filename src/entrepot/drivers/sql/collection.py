"""The collector's queue in the metadata's database: see ports/collection.py."""

from collections.abc import Callable

from entrepot.drivers.sql.collected_manifests import collect_manifest, date_manifest
from entrepot.drivers.sql.database import Database, Row, Session, change
from entrepot.ports.blobs import Location
from entrepot.ports.collection import (
    Batch,
    Collected,
    CollectedKind,
    PendingDeletion,
    QueueState,
    Why,
)

_COUNTED = 10_000


class SqlCollectionQueue:
    """Implements `CollectionQueue`.

    Args:
        database: has the queue.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def date(self, now: Callable[[], int], later: int, *, untagged: bool, limit: int) -> int:
        """Let the grace of some candidates begin."""
        # Asked first without a transaction: mostly there is nothing to do.
        if not await self._database.rows("undated_links", limit=1) and not (
            await self._database.rows("undated_manifests", limit=1)
        ):
            return 0

        async def work(session: Session) -> int:
            moment = now()
            rows = await session.rows("undated_manifests", limit=limit)
            for manifest, orphaned in rows:
                goes = untagged or bool(orphaned)
                await date_manifest(session, manifest, moment, moment + later, goes=goes)
            return len(rows) + await session.run("date_links", now=moment, limit=limit)

        return await self._database.transaction(work)

    async def collect_manifests(
        self, before: int, now: int, *, orphaned: bool, untagged: bool, limit: int
    ) -> Batch:
        """Remove manifests that nothing holds."""
        due = {"before": before, "widowed": int(orphaned), "limit": limit}
        if not await self._database.rows("due_manifests", **due):
            return Batch(0)

        async def work(session: Session) -> Batch:
            rows = await session.rows("due_manifests", **due)
            removed: list[Collected] = []
            for manifest, _ in rows:
                goes = untagged or orphaned
                removed += await collect_manifest(
                    session, manifest, now, orphaned=orphaned, goes=goes
                )
            return Batch(len(rows), tuple(removed))

        return await self._database.transaction(work)

    async def has_due_links(self, before: int) -> bool:
        """Tell whether `collect_links` would look at anything."""
        return bool(await self._database.rows("due_links", before=before, limit=1))

    async def collect_links(
        self, before: int, limit: int, busy: frozenset[str] = frozenset()
    ) -> Batch:
        """Take blobs from repositories where no manifest needs them."""
        if not await self.has_due_links(before):
            return Batch(0)

        async def work(session: Session) -> Batch:
            rows = await session.rows("due_links", before=before, limit=limit)
            removed = []
            for repository, blob, name, digest, size, needed in rows:
                link = {"repository": repository, "blob": blob}
                if name in busy and not needed:
                    await session.run("postpone_link", **link)
                    continue
                # The link's own trigger takes the candidate away, too.
                query = "delete_link_candidate" if needed else "delete_link"
                if not await session.run(query, **link):
                    await session.run("delete_link_candidate", **link)
                elif not needed:
                    removed.append(Collected(CollectedKind.LINK, name, digest, size, Why.UNNEEDED))
            return Batch(len(rows), tuple(removed))

        return await self._database.transaction(work)

    async def collect_blobs(self, limit: int) -> Batch:
        """Forget blobs that no repository has, and order their bytes to be removed."""
        if not await self._database.rows("unlinked_blobs", after=0, limit=1):
            return Batch(0)

        async def work(session: Session) -> Batch:
            rows = await session.rows("unlinked_blobs", after=0, limit=limit)
            removed = [removal for row in rows if (removal := await _forget_blob(session, *row))]
            return Batch(len(rows), tuple(removed))

        return await self._database.transaction(work)

    async def forget_removed(self, before: int, limit: int) -> Batch:
        """Forget manifests that were removed: they cannot be brought back any more."""
        if not await self._database.rows("old_removed_manifests", before=before):
            return Batch(0)
        return Batch(
            await change(self._database, "forget_removed_manifests", before=before, limit=limit)
        )

    async def claim_bytes(
        self, holder: str, now: int, until: int, limit: int
    ) -> list[PendingDeletion]:
        """Take orders to remove bytes."""
        if not await self._database.rows("due_doomed", now=now):
            return []

        async def work(session: Session) -> list[Row]:
            return await session.rows(
                "claim_doomed", holder=holder, now=now, until=until, limit=limit
            )

        rows = await self._database.transaction(work)
        return [
            PendingDeletion(number, Location(location), digest, size)
            for number, location, digest, size in rows
        ]

    async def finish_bytes(self, holder: str, numbers: list[int]) -> None:
        """Strike orders off that were carried out."""

        async def work(session: Session) -> None:
            rows = [{"id": number, "holder": holder} for number in numbers]
            await session.many("finish_doomed", rows)

        await self._database.transaction(work)

    async def release_bytes(self, holder: str, number: int, until: int) -> None:
        """Give an order back that could not be carried out."""
        await change(self._database, "release_doomed", id=number, holder=holder, until=until)

    async def has_location(self, location: Location) -> bool:
        """Tell whether a known blob lies there."""
        return bool(await self._database.rows("has_location", location=location))

    async def state(self) -> QueueState:
        """Tell how much there is to do."""
        oldest = [
            *await self._database.column("oldest_link"),
            *await self._database.column("oldest_manifest", widowed=0),
            *await self._database.column("oldest_manifest", widowed=1),
        ]
        return QueueState(
            manifests=await self._count("manifest_candidates"),
            links=await self._count("undated_links") + await self._count("dated_links"),
            blobs=await self._count("blob_candidates"),
            doomed=await self._count("doomed_bytes"),
            oldest=min(oldest, default=None),
        )

    async def _count(self, what: str) -> int:
        query = what if what == "undated_links" else f"some_{what}"
        return len(await self._database.rows(query, limit=_COUNTED))


async def _forget_blob(
    session: Session, blob: int, digest: str, size: int, location: str, linked: bool
) -> Collected | None:
    await session.run("drop_blob_candidate", blob=blob)
    if linked or digest is None:
        return None
    await session.run("delete_blob", blob=blob)
    # The order is in the same transaction: a crash leaves either the blob or the order.
    await session.run("doom_bytes", location=location, digest=digest, size=size)
    return Collected(CollectedKind.BLOB, "", digest, size, Why.UNLINKED)


class SqlCollectionRestart:
    """Lets the collector's queue begin anew.

    Args:
        database: has the queue.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin_anew(self) -> None:
        """Let whatever waits to be collected wait for its whole grace again."""

        async def work(session: Session) -> None:
            for query in ("collect_links_anew", "collect_manifests_anew", "forget_doomed_bytes"):
                await session.run(query)

        await self._database.transaction(work)
