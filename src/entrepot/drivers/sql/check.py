"""Rows as somebody sees them who doubts them, and the hands that mend them."""

import json
from collections.abc import Iterable
from typing import Any

from entrepot.drivers.sql.database import Asks, Database, Row, Session, change
from entrepot.drivers.sql.reader import blob_of
from entrepot.drivers.sql.transaction import SqlTransaction
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import Location
from entrepot.ports.check import (
    BlobState,
    CatalogueRow,
    DanglingRow,
    EdgeRow,
    InspectedManifest,
    KnownBlob,
    RowKind,
)
from entrepot.ports.metadata import StoredBlob

_DANGLING = {RowKind.TAG: "tags", RowKind.LINK: "links", RowKind.EDGE: "edges"}
_FIRST: dict[RowKind, tuple[int | str, ...]] = {
    RowKind.TAG: (-1, ""),
    RowKind.LINK: (-1, -1),
    RowKind.EDGE: (-1, ""),
}
_LEADS_TO = {RowKind.TAG: "manifest", RowKind.LINK: "blob", RowKind.EDGE: "manifest"}


class SqlInspector:
    """Implements `MetadataInspector`.

    Args:
        database: is asked; opened for reading only, so that no answer is kept.
    """

    def __init__(self, database: Asks) -> None:
        self._database = database

    async def damage(self) -> list[str]:
        """Let the database check its own file; gives what it finds, at most 100 things."""
        return await self._database.column("damage")

    async def dangling(
        self, kind: RowKind, after: DanglingRow | None, limit: int
    ) -> list[DanglingRow]:
        """List rows of a kind that refer to what is not there."""
        first, second = _FIRST[kind] if after is None else after.key
        rows = await self._database.rows(
            f"dangling_{_DANGLING[kind]}", first=first, second=second, limit=limit
        )
        return [
            DanglingRow(
                kind,
                (row[0], row[1]),
                row[2] or "",
                "its repository is not there"
                if row[2] is None
                else f"its {_LEADS_TO[kind]}, number {row[3]}, is not there",
            )
            for row in rows
        ]

    async def manifests(self, after: int, limit: int) -> list[InspectedManifest]:
        """List manifests; fewer than the limit where they are large, none only at the end."""
        rows = await self._database.rows("inspected_manifests", after=after, limit=limit)
        return [_manifest(row) for row in rows]

    async def all_manifests(self, after: tuple[int, str], limit: int) -> list[tuple[int, str]]:
        """List the numbers of repositories and the digests of their manifests, without payloads."""
        rows = await self._database.rows(
            "all_manifests", repository=after[0], digest=after[1], limit=limit
        )
        return [(row[0], row[1]) for row in rows]

    async def has_manifest(self, number: int) -> bool:
        """Tell whether a manifest is still there."""
        return bool(await self._database.rows("has_manifest", number=number))

    async def blob_states(self, repository: int, digests: Iterable[Digest]) -> dict[str, BlobState]:
        """Tell what is known of digests as blobs; gives each of them."""
        rows = await self._database.rows("blob_states", repository=repository, digests=digests)
        return {row[0]: BlobState(bool(row[1]), bool(row[2]), bool(row[3])) for row in rows}

    async def manifest_digests(self, repository: int, digests: Iterable[Digest]) -> set[str]:
        """Give those of these digests that the repository has as manifests."""
        rows = await self._database.rows("manifest_sizes", repository=repository, digests=digests)
        return {row[0] for row in rows}

    async def blobs(self, after: int, limit: int) -> list[KnownBlob]:
        """List the rows of blobs."""
        rows = await self._database.rows("inspected_blobs", after=after, limit=limit)
        return [KnownBlob(number, blob_of(blob), blob[3]) for number, *blob in rows]

    async def known_locations(self, locations: Iterable[Location]) -> set[str]:
        """Give those of these locations at which a blob lies that is known."""
        return set(await self._database.column("known_locations", locations=locations))

    async def users(self, digest: Digest, limit: int) -> list[str]:
        """Name images that need a blob, as REPOSITORY:TAG or REPOSITORY@DIGEST."""
        rows = await self._database.rows("users_of_blob", digest=digest, limit=limit)
        return [f"{name}:{tag}" if tag else f"{name}@{manifest}" for name, tag, manifest in rows]

    async def wrong_in_catalogue(self, after: int, limit: int) -> list[CatalogueRow]:
        """List repositories that the catalogue lists and should not, or the other way round."""
        rows = await self._database.rows("wrong_in_catalogue", after=after, limit=limit)
        return [CatalogueRow(number, name, bool(has)) for number, name, has in rows]


class SqlMender:
    """Implements `Mender`.

    Args:
        database: has the rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def drop(self, row: DanglingRow) -> bool:
        """Remove a row that refers to nothing; False when it refers to something by now."""
        first, second = row.key
        query = f"drop_dangling_{row.kind}"
        return await change(self._database, query, first=first, second=second) > 0

    async def mend_edges(
        self, manifest: InspectedManifest, missing: Iterable[EdgeRow], wrong: Iterable[EdgeRow]
    ) -> bool:
        """Write the edges that a manifest lacks, and remove those that it does not have."""
        superfluous = [_edge(manifest, edge) for edge in wrong]
        lacking = [_edge(manifest, edge) for edge in missing]

        async def work(session: Session) -> bool:
            if not await _is_there(session, manifest):
                return False
            await session.many("drop_edge", superfluous)
            await session.many("mend_edge", lacking)
            return True

        return await self._database.transaction(work)

    async def link(self, manifest: InspectedManifest, digest: Digest, now: int) -> bool:
        """Let a manifest's repository have a known blob; False when either is gone by now."""

        async def work(session: Session) -> bool:
            if not await _is_there(session, manifest):
                return False
            transaction = SqlTransaction(session)
            return await transaction.link_blob(manifest.repository, digest, now)

        return await self._database.transaction(work)

    async def keep_lost_blob(self, blob: StoredBlob, now: int) -> int:
        """Make a blob known again, and link it into each repository whose manifests need it."""

        async def work(session: Session) -> int:
            needing = await session.column("repositories_that_need", digest=blob.digest)
            if needing:
                transaction = SqlTransaction(session)
                await transaction.keep_blob(blob, now)
                for repository in needing:
                    await transaction.link_blob(repository, blob.digest, now)
            return len(needing)

        return await self._database.transaction(work)

    async def mend_catalogue(self, repository: int) -> None:
        """Let the catalogue list a repository if it has manifests, and not if it has none."""
        await change(self._database, "mend_catalogue", repository=repository)


def _manifest(row: Row) -> InspectedManifest:
    number, repository, name, digest, media_type, edges, payload = row
    return InspectedManifest(
        number,
        repository,
        RepositoryName(name),
        Digest(digest),
        media_type,
        payload,
        frozenset(EdgeRow(*edge) for edge in json.loads(edges)),
    )


async def _is_there(session: Session, manifest: InspectedManifest) -> bool:
    return bool(await session.rows("has_manifest", number=manifest.number))


def _edge(manifest: InspectedManifest, edge: EdgeRow) -> dict[str, Any]:
    return {
        "manifest": manifest.number,
        "repository": manifest.repository,
        "role": edge.role,
        "digest": edge.digest,
        "size": edge.size,
    }
