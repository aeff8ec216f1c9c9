"""The collector's queue in the metadata's database: see ports/collection.py."""

from collections.abc import Awaitable, Callable

from entrepot.drivers.sql.database import Database, Row, Session, change
from entrepot.drivers.sql.transaction import SqlTransaction
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Location
from entrepot.ports.collection import (
    Batch,
    Collected,
    CollectedKind,
    CollectionTransaction,
    DatedLink,
    PendingDeletion,
    QueueState,
    Ties,
    Why,
)
from entrepot.ports.metadata import Result

_COUNTED = 10_000


class SqlCollectionTransaction(SqlTransaction):
    """Implements `CollectionTransaction`."""

    async def undated_manifests(self, limit: int) -> list[tuple[int, bool]]:
        """List candidates whose grace has not begun, and whether each lost what it speaks of."""
        rows = await self._session.rows("undated_manifests", limit=limit)
        return [(manifest, bool(orphaned)) for manifest, orphaned in rows]

    async def due_manifests(self, before: int, *, orphaned: bool, limit: int) -> list[int]:
        """List candidates whose grace began before a moment or then."""
        return await self._session.column(
            "due_manifests", before=before, widowed=int(orphaned), limit=limit
        )

    async def ties(self, manifest: int) -> Ties | None:
        """Find what ties a manifest to others; None when it is gone."""
        rows = await self._session.rows("manifest_ties", manifest=manifest)
        if not rows:
            return None
        repository, name, digest, size, indexed, subject_is_there = rows[0]
        tags = await self._session.rows("tags_by_subject", manifest=manifest)
        return Ties(
            manifest,
            repository,
            RepositoryName(name),
            Digest(digest),
            size,
            tuple(Tag(tag) for tag, _ in tags),
            tuple(Tag(tag) for tag, orphaned in tags if orphaned),
            bool(indexed),
            bool(subject_is_there),
        )

    async def date_manifest(self, manifest: int, now: int, later: int) -> None:
        """Let a candidate's grace begin, and that of its blobs a little later."""
        await self._session.run("date_manifest", manifest=manifest, now=now)
        await self._session.run("date_links_of_manifest", manifest=manifest, since=later)

    async def drop_manifest_candidate(self, manifest: int) -> None:
        """Remove a manifest from the candidates."""
        await self._session.run("drop_manifest_candidate", manifest=manifest)

    async def date_links(self, now: int, limit: int) -> int:
        """Let the grace of some blobs of repositories begin; tell of how many."""
        return await self._session.run("date_links", now=now, limit=limit)

    async def dated_links(self, manifest: int) -> list[DatedLink]:
        """List what a manifest needs and that waits to be collected already."""
        rows = await self._session.rows("dated_links_of_manifest", manifest=manifest)
        return [(repository, blob, since) for repository, blob, since in rows]

    async def keep_dates(self, links: list[DatedLink]) -> None:
        """Give blobs, where they wait undated, the dates that they had."""
        rows = [
            {"repository": repository, "blob": blob, "since": since}
            for repository, blob, since in links
        ]
        await self._session.many("date_link", rows)

    async def listed_manifests(self, manifest: int) -> list[int]:
        """List what a list of referrers names and the repository has, without its own subject."""
        return await self._session.column("listed_manifests", manifest=manifest)

    async def orphan_manifests(self, manifests: list[int]) -> None:
        """Let candidates go as those do whose subject was deleted."""
        await self._session.many("widow_manifest", [{"manifest": one} for one in manifests])


class SqlCollectionQueue:
    """Implements `CollectionQueue`.

    Args:
        database: has the queue.
        node: which machine of the registry this is.
    """

    def __init__(self, database: Database, node: str = "") -> None:
        self._database = database
        self._node = node

    async def change(self, change: Callable[[CollectionTransaction], Awaitable[Result]]) -> Result:
        """Run a function in a transaction."""

        async def work(session: Session) -> Result:
            return await change(SqlCollectionTransaction(session, node=self._node))

        return await self._database.transaction(work)

    async def has_undated(self) -> bool:
        """Tell whether the grace of anything has not begun."""
        return bool(
            await self._database.rows("undated_links", limit=1)
            or await self._database.rows("undated_manifests", limit=1)
        )

    async def has_due_manifests(self, before: int, *, orphaned: bool) -> bool:
        """Tell whether `due_manifests` would list any."""
        return bool(
            await self._database.rows(
                "due_manifests", before=before, widowed=int(orphaned), limit=1
            )
        )

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

    async def release_all_bytes(self, holders: str) -> int:
        """Let go of the orders of holders that are known to have ended; tell how many."""
        return await change(self._database, "release_all_doomed", holders=holders)

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
