"""Questions to the metadata, answered inline: each is a few page reads from the cache."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from entrepot.drivers.sql.engines.sqlite.commit_watch import CommitWatch
from entrepot.drivers.sql.engines.sqlite.failures import is_busy, translate
from entrepot.drivers.sql.engines.sqlite.read_cache import ReadCache
from entrepot.drivers.sql.queries import load_queries
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import Referrer, StoredBlob, StoredManifest
from entrepot.ports.usage import HeldAround, Used, UsedAround

QUERIES = load_queries()
BUSY_WAIT_SECONDS = 5.0
_BUSY_PAUSE_SECONDS = 0.005
# Annotations of one page of referrers.
_PAGE_BYTES = 1024 * 1024

_MANIFEST_BY_TAG = QUERIES["manifest_by_tag"]
_MANIFEST_BY_DIGEST = QUERIES["manifest_by_digest"]
_BLOB = QUERIES["blob"]
_TAGS = QUERIES["tags"]


class SqliteReader:
    """Implements `MetadataReader`.

    Args:
        connection: one that cannot change anything.
        cache: keeps what the database said while that holds; without one nothing is kept.
    """

    def __init__(self, connection: sqlite3.Connection, cache: ReadCache | None = None) -> None:
        self._connection = connection
        self._cache = cache or ReadCache(CommitWatch(None))

    async def manifest_by_tag(self, name: RepositoryName, tag: Tag) -> StoredManifest | None:
        """Find what a tag points to."""
        rows = await self._rows(_MANIFEST_BY_TAG, {"name": name, "tag": tag})
        return _manifest(rows)

    async def manifest_by_digest(
        self, name: RepositoryName, digest: Digest
    ) -> StoredManifest | None:
        """Find a manifest."""
        rows = await self._rows(_MANIFEST_BY_DIGEST, {"name": name, "digest": digest})
        return _manifest(rows)

    async def referrers(
        self,
        name: RepositoryName,
        subject: Digest,
        artifact_type: str | None,
        after: str,
        limit: int,
    ) -> list[Referrer]:
        """List manifests with this subject, by digest, those of one artifact type if given."""
        query = QUERIES["referrers" if artifact_type is None else "referrers_of_type"]
        parameters = {
            "name": name,
            "subject": subject,
            "artifact_type": artifact_type,
            "after": after,
            "limit": limit,
        }
        rows = await self._rows(query, parameters, _first_referrers)
        return [_referrer(row) for row in rows]

    async def listed_referrers(
        self, name: RepositoryName, index: Tag, after: str, limit: int
    ) -> tuple[list[Referrer], str | None]:
        """List, by digest, children of a tagged manifest that the repository has."""
        parameters = {"name": name, "tag": index, "after": after, "limit": limit}
        rows = await self._rows(QUERIES["listed_referrers"], parameters, _first_referrers)
        there = [_referrer(row) for row in rows if row[1] is not None]
        return there, rows[-1][0] if rows else None

    async def blob(self, name: RepositoryName, digest: Digest) -> StoredBlob | None:
        """Find a blob that the repository has."""
        rows = await self._rows(_BLOB, {"name": name, "digest": digest})
        if not rows:
            return None
        found, size, location, quarantined_at = rows[0]
        return StoredBlob(Digest(found), size, Location(location), quarantined_at is not None)

    async def has_location(self, location: Location) -> bool:
        """Tell whether a known blob lies there."""
        return bool(await self._rows(QUERIES["has_location"], {"location": location}))

    async def repositories_with_blob(
        self, digest: Digest, after: int, limit: int
    ) -> list[tuple[int, RepositoryName]]:
        """List repositories that have a blob, with the number for the next page."""
        rows = await self._rows(
            QUERIES["repositories_with_blob"], {"digest": digest, "after": after, "limit": limit}
        )
        return [(number, RepositoryName(name)) for name, number in rows]

    async def repository_exists(self, name: RepositoryName) -> bool:
        """Tell whether anything was ever pushed there and not removed since."""
        return bool(await self._rows(QUERIES["find_repository"], {"name": name}))

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[str]:
        """List a repository's tags."""
        parameters = {"name": name, "after": after, "limit": limit}
        return await self._rows(_TAGS, parameters, _first_column)

    async def repositories(self, after: str, limit: int) -> list[RepositoryName]:
        """List repositories that have a manifest."""
        rows = await self._rows(QUERIES["repositories"], {"after": after, "limit": limit})
        return [RepositoryName(row[0]) for row in rows]

    async def used(self, name: RepositoryName) -> UsedAround:
        """Tell what is used in a repository, in its namespace and in the registry."""
        return used_around(await self._rows(QUERIES["used_around"], around(name)))

    async def held(self, name: RepositoryName, digest: Digest) -> HeldAround:
        """Tell where around a repository a blob is counted already."""
        rows = await self._rows(QUERIES["held_around"], {**around(name), "digest": digest})
        return HeldAround(*map(bool, rows[0]))

    async def _rows(
        self,
        query: str,
        parameters: dict[str, Any],
        take: Callable[[sqlite3.Cursor], list[Any]] = sqlite3.Cursor.fetchall,
    ) -> list[Any]:
        question = (query, *parameters.values())
        rows = self._cache.get(question)
        if rows is not None:
            return rows
        try:
            rows = take(self._connection.execute(query, parameters))
        except sqlite3.Error as error:
            if not is_busy(error):
                raise translate(error) from error
            return await self._rows_when_free(query, parameters, take)
        self._cache.put(question, rows)
        return rows

    async def _rows_when_free(
        self,
        query: str,
        parameters: dict[str, Any],
        take: Callable[[sqlite3.Cursor], list[Any]],
    ) -> list[Any]:
        deadline = time.monotonic() + BUSY_WAIT_SECONDS
        while True:
            await asyncio.sleep(_BUSY_PAUSE_SECONDS)
            try:
                return take(self._connection.execute(query, parameters))
            except sqlite3.Error as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise translate(error) from error


def around(name: RepositoryName) -> dict[str, Any]:
    """Give the parameters of the query `used_around`."""
    return {"name": name, "namespace": name.partition("/")[0]}


def used_around(rows: list[Any]) -> UsedAround:
    """Read the answer of the query `used_around`."""
    row = rows[0]
    return UsedAround(Used(*row[:3]), Used(*row[3:6]), Used(*row[6:]))


def _first_column(cursor: sqlite3.Cursor) -> list[Any]:
    return [row[0] for row in cursor]


def _first_referrers(cursor: sqlite3.Cursor) -> list[Any]:
    """Take rows until their annotations are large: a manifest's may have 4 MiB."""
    rows: list[Any] = []
    size = 0
    for row in cursor:
        rows.append(row)
        size += len(row[-1] or "")
        if size > _PAGE_BYTES:
            break
    cursor.close()
    return rows


def _referrer(row: tuple[str, str, int, str | None, str | None]) -> Referrer:
    digest, media_type, size, artifact_type, annotations = row
    return Referrer(Digest(digest), media_type, size, artifact_type, annotations or "")


def _manifest(rows: list[Any]) -> StoredManifest | None:
    if not rows:
        return None
    digest, media_type, payload = rows[0]
    return StoredManifest(Digest(digest), media_type, payload)
