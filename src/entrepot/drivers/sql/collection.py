"""The collector's queue in the metadata's database: see ports/collection.py."""

import sqlite3
from collections.abc import Callable
from typing import Any

from entrepot.drivers.sql.collected_manifests import collect_manifest, date_manifest
from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.reader import QUERIES
from entrepot.ports.blobs import Location
from entrepot.ports.collection import Batch, DoomedBytes, Kind, QueueState, Removal, Why

_COUNTED = 10_000


class SqliteCollectionQueue:
    """Implements `CollectionQueue`.

    Args:
        database: whose file and whose commits it shares.
    """

    def __init__(self, database: SqliteMetadata) -> None:
        self._database = database

    async def date(self, now: Callable[[], int], later: int, *, untagged: bool, limit: int) -> int:
        """Let the grace of some candidates begin."""
        # Asked first without a transaction: mostly there is nothing to do.
        if not await self._database.rows("undated_links", limit=1) and not (
            await self._database.rows("undated_manifests", limit=1)
        ):
            return 0

        async def work(connection: sqlite3.Connection) -> int:
            moment = now()
            rows = connection.execute(QUERIES["undated_manifests"], {"limit": limit}).fetchall()
            for manifest, widowed in rows:
                goes = untagged or bool(widowed)
                await date_manifest(connection, manifest, moment, moment + later, goes=goes)
            dated = connection.execute(QUERIES["date_links"], {"now": moment, "limit": limit})
            return len(rows) + dated.rowcount

        return await self._database.work(work)

    async def collect_manifests(
        self, before: int, now: int, *, widowed: bool, untagged: bool, limit: int
    ) -> Batch:
        """Remove manifests that nothing holds."""
        due = {"before": before, "widowed": int(widowed), "limit": limit}
        if not await self._database.rows("due_manifests", **due):
            return Batch(0)

        async def work(connection: sqlite3.Connection) -> Batch:
            rows = connection.execute(QUERIES["due_manifests"], due).fetchall()
            removed: list[Removal] = []
            for manifest, _ in rows:
                goes = untagged or widowed
                removed += await collect_manifest(
                    connection, manifest, now, widowed=widowed, goes=goes
                )
            return Batch(len(rows), tuple(removed))

        return await self._database.work(work)

    async def has_due_links(self, before: int) -> bool:
        """Tell whether `collect_links` would look at anything."""
        return bool(await self._database.rows("due_links", before=before, limit=1))

    async def collect_links(
        self, before: int, limit: int, busy: frozenset[str] = frozenset()
    ) -> Batch:
        """Take blobs from repositories where no manifest needs them."""
        due = {"before": before, "limit": limit}
        if not await self.has_due_links(before):
            return Batch(0)

        async def work(connection: sqlite3.Connection) -> Batch:
            rows = connection.execute(QUERIES["due_links"], due).fetchall()
            removed = []
            for repository, blob, name, digest, size, needed in rows:
                link = {"repository": repository, "blob": blob}
                if name in busy and not needed:
                    connection.execute(QUERIES["postpone_link"], link)
                    continue
                # The link's own trigger takes the candidate away, too.
                query = "delete_link_candidate" if needed else "delete_link"
                if not connection.execute(QUERIES[query], link).rowcount:
                    connection.execute(QUERIES["delete_link_candidate"], link)
                elif not needed:
                    removed.append(Removal(Kind.LINK, name, digest, size, Why.UNNEEDED))
            return Batch(len(rows), tuple(removed))

        return await self._database.work(work)

    async def collect_blobs(self, limit: int) -> Batch:
        """Forget blobs that no repository has, and order their bytes to be removed."""
        if not await self._database.rows("unlinked_blobs", after=0, limit=1):
            return Batch(0)

        async def work(connection: sqlite3.Connection) -> Batch:
            page = {"after": 0, "limit": limit}
            rows = connection.execute(QUERIES["unlinked_blobs"], page).fetchall()
            removed = [
                removal
                for blob, digest, size, location, linked in rows
                if (removal := _forget_blob(connection, blob, digest, size, location, linked))
            ]
            return Batch(len(rows), tuple(removed))

        return await self._database.work(work)

    async def forget_removed(self, before: int, limit: int) -> Batch:
        """Forget manifests that were removed: they cannot be brought back any more."""
        if not await self._database.rows("old_removed_manifests", before=before):
            return Batch(0)

        async def work(connection: sqlite3.Connection) -> Batch:
            old = {"before": before, "limit": limit}
            return Batch(connection.execute(QUERIES["forget_removed_manifests"], old).rowcount)

        return await self._database.work(work)

    async def claim_bytes(self, holder: str, now: int, until: int, limit: int) -> list[DoomedBytes]:
        """Take orders to remove bytes."""
        if not await self._database.rows("due_doomed", now=now):
            return []

        async def work(connection: sqlite3.Connection) -> list[Any]:
            claim = {"holder": holder, "now": now, "until": until, "limit": limit}
            return connection.execute(QUERIES["claim_doomed"], claim).fetchall()

        rows = await self._database.work(work)
        return [
            DoomedBytes(number, Location(location), digest, size)
            for number, location, digest, size in rows
        ]

    async def finish_bytes(self, holder: str, numbers: list[int]) -> None:
        """Strike orders off that were carried out."""

        async def work(connection: sqlite3.Connection) -> None:
            rows = [{"id": number, "holder": holder} for number in numbers]
            connection.executemany(QUERIES["finish_doomed"], rows)

        await self._database.work(work)

    async def release_bytes(self, holder: str, number: int, until: int) -> None:
        """Give an order back that could not be carried out."""

        async def work(connection: sqlite3.Connection) -> None:
            released = {"id": number, "holder": holder, "until": until}
            connection.execute(QUERIES["release_doomed"], released)

        await self._database.work(work)

    async def has_location(self, location: Location) -> bool:
        """Tell whether a known blob lies there."""
        return await self._database.has_location(location)

    async def state(self) -> QueueState:
        """Tell how much there is to do."""
        oldest = [
            *await self._database.rows("oldest_link"),
            *await self._database.rows("oldest_manifest", widowed=0),
            *await self._database.rows("oldest_manifest", widowed=1),
        ]
        return QueueState(
            manifests=await self._count("manifest_candidates"),
            links=await self._count("undated_links") + await self._count("dated_links"),
            blobs=await self._count("blob_candidates"),
            doomed=await self._count("doomed_bytes"),
            oldest=min((since for (since,) in oldest), default=None),
        )

    async def _count(self, what: str) -> int:
        query = what if what == "undated_links" else f"some_{what}"
        return len(await self._database.rows(query, limit=_COUNTED))


def _forget_blob(
    connection: sqlite3.Connection, blob: int, digest: str, size: int, location: str, linked: bool
) -> Removal | None:
    connection.execute(QUERIES["drop_blob_candidate"], {"blob": blob})
    if linked or digest is None:
        return None
    connection.execute(QUERIES["delete_blob"], {"blob": blob})
    # The order is in the same transaction: a crash leaves either the blob or the order.
    doomed = {"location": location, "digest": digest, "size": size}
    connection.execute(QUERIES["doom_bytes"], doomed)
    return Removal(Kind.BLOB, "", digest, size, Why.UNLINKED)
