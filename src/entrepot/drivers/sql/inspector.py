"""Reads rows for a check."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.reader import QUERIES, SqliteReader
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

DANGLING = {RowKind.TAG: "tags", RowKind.LINK: "links", RowKind.EDGE: "edges"}
_FIRST: dict[RowKind, tuple[int | str, ...]] = {
    RowKind.TAG: (-1, ""),
    RowKind.LINK: (-1, -1),
    RowKind.EDGE: (-1, ""),
}
_LEADS_TO = {RowKind.TAG: "manifest", RowKind.LINK: "blob", RowKind.EDGE: "manifest"}
_PAGE_BYTES = 8 * 1024 * 1024
_MOST_DAMAGE = 100


class SqliteInspector(SqliteReader):
    """Implements `MetadataInspector`, on a connection of its own.

    Args:
        path: the file; it must have been migrated.
    """

    def __init__(self, path: Path) -> None:
        self._inspecting = connect(path, durable=True, read_only=True)
        super().__init__(self._inspecting)

    async def damage(self) -> list[str]:
        """Let the database check its own file; gives what it finds, at most 100 things."""
        rows = await self._rows(f"PRAGMA integrity_check({_MOST_DAMAGE})", {})
        return [str(row[0]) for row in rows if row[0] != "ok"]

    async def dangling(
        self, kind: RowKind, after: DanglingRow | None, limit: int
    ) -> list[DanglingRow]:
        """List rows of a kind that refer to what is not there."""
        first, second = _FIRST[kind] if after is None else after.key
        rows = await self._asked(
            f"dangling_{DANGLING[kind]}", first=first, second=second, limit=limit
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
        rows = await self._rows(
            QUERIES["inspected_manifests"], {"after": after, "limit": limit}, _up_to_some_bytes
        )
        return [_manifest(row) for row in rows]

    async def all_manifests(self, after: tuple[int, str], limit: int) -> list[tuple[int, str]]:
        """List the numbers of repositories and the digests of their manifests, without payloads."""
        rows = await self._asked("all_manifests", repository=after[0], digest=after[1], limit=limit)
        return [(row[0], row[1]) for row in rows]

    async def has_manifest(self, number: int) -> bool:
        """Tell whether a manifest is still there."""
        return bool(await self._asked("has_manifest", number=number))

    async def blob_states(self, repository: int, digests: Iterable[Digest]) -> dict[str, BlobState]:
        """Tell what is known of digests as blobs; gives each of them."""
        rows = await self._asked(
            "blob_states", repository=repository, digests=json.dumps(list(digests))
        )
        return {row[0]: BlobState(bool(row[1]), bool(row[2]), bool(row[3])) for row in rows}

    async def manifest_digests(self, repository: int, digests: Iterable[Digest]) -> set[str]:
        """Give those of these digests that the repository has as manifests."""
        rows = await self._asked(
            "manifest_sizes", repository=repository, digests=json.dumps(list(digests))
        )
        return {row[0] for row in rows}

    async def blobs(self, after: int, limit: int) -> list[KnownBlob]:
        """List the rows of blobs."""
        rows = await self._asked("inspected_blobs", after=after, limit=limit)
        return [
            KnownBlob(
                number,
                StoredBlob(Digest(digest), size, Location(location), quarantined_at is not None),
                quarantined_at,
            )
            for number, digest, size, location, quarantined_at in rows
        ]

    async def known_blobs(self, digests: Iterable[Digest]) -> set[str]:
        """Give those of these digests that are known as blobs."""
        rows = await self._asked("known_blobs", digests=json.dumps(list(digests)))
        return {row[0] for row in rows}

    async def users(self, digest: Digest, limit: int) -> list[str]:
        """Name images that need a blob, as REPOSITORY:TAG or REPOSITORY@DIGEST."""
        rows = await self._asked("users_of_blob", digest=digest, limit=limit)
        return [f"{name}:{tag}" if tag else f"{name}@{manifest}" for name, tag, manifest in rows]

    async def wrong_in_catalogue(self, after: int, limit: int) -> list[CatalogueRow]:
        """List repositories that the catalogue lists and should not, or the other way round."""
        rows = await self._asked("wrong_in_catalogue", after=after, limit=limit)
        return [CatalogueRow(number, name, bool(has)) for number, name, has in rows]

    def close(self) -> None:
        """Let go of the database."""
        self._inspecting.close()

    async def _asked(self, query: str, **parameters: Any) -> list[Any]:
        return await self._rows(QUERIES[query], parameters)


def _up_to_some_bytes(cursor: sqlite3.Cursor) -> list[Any]:
    """Take rows until their payloads are large: one may have 4 MiB."""
    rows: list[Any] = []
    size = 0
    for row in cursor:
        rows.append(row)
        size += len(row[-1])
        if size > _PAGE_BYTES:
            break
    cursor.close()
    return rows


def _manifest(row: Any) -> InspectedManifest:
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
