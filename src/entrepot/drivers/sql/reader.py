"""Questions to the metadata: what pulls, mounts and lists ask."""

from collections.abc import Sequence
from typing import Any

from entrepot.drivers.sql.database import Asks, Row
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import Referrer, StoredBlob, StoredManifest
from entrepot.ports.usage import HeldAround, Used, UsedAround


class SqlReader:
    """Implements `MetadataReader`.

    Args:
        database: is asked.
    """

    def __init__(self, database: Asks) -> None:
        self._asked = database

    async def manifest_by_tag(self, name: RepositoryName, tag: Tag) -> StoredManifest | None:
        """Find what a tag points to."""
        return manifest_of(await self._asked.rows("manifest_by_tag", name=name, tag=tag))

    async def manifest_by_digest(
        self, name: RepositoryName, digest: Digest
    ) -> StoredManifest | None:
        """Find a manifest."""
        return manifest_of(await self._asked.rows("manifest_by_digest", name=name, digest=digest))

    async def referrers(
        self,
        name: RepositoryName,
        subject: Digest,
        artifact_type: str | None,
        after: str,
        limit: int,
    ) -> list[Referrer]:
        """List manifests with this subject, by digest, those of one artifact type if given."""
        values: dict[str, Any] = {"name": name, "subject": subject, "after": after, "limit": limit}
        if artifact_type is None:
            rows = await self._asked.rows("referrers", **values)
        else:
            rows = await self._asked.rows(
                "referrers_of_type", artifact_type=artifact_type, **values
            )
        return [_referrer(row) for row in rows]

    async def listed_referrers(
        self, name: RepositoryName, index: Tag, after: str, limit: int
    ) -> tuple[list[Referrer], str | None]:
        """List, by digest, children of a tagged manifest that the repository has."""
        rows = await self._asked.rows(
            "listed_referrers", name=name, tag=index, after=after, limit=limit
        )
        there = [_referrer(row) for row in rows if row[1] is not None]
        return there, rows[-1][0] if rows else None

    async def blob(self, name: RepositoryName, digest: Digest) -> StoredBlob | None:
        """Find a blob that the repository has."""
        rows = await self._asked.rows("blob", name=name, digest=digest)
        return blob_of(rows[0]) if rows else None

    async def named_size(self, name: RepositoryName, digest: Digest) -> int | None:
        """Tell the size in bytes that a manifest of the repository gives something it names."""
        sizes = await self._asked.column("named_size", name=name, digest=digest)
        return sizes[0] if sizes else None

    async def has_location(self, location: Location) -> bool:
        """Tell whether a known blob lies there."""
        return bool(await self._asked.rows("has_location", location=location))

    async def repositories_with_blob(
        self, digest: Digest, after: int, limit: int
    ) -> list[tuple[int, RepositoryName]]:
        """List repositories that have a blob, with the number for the next page."""
        rows = await self._asked.rows(
            "repositories_with_blob", digest=digest, after=after, limit=limit
        )
        return [(number, RepositoryName(name)) for name, number in rows]

    async def repository_exists(self, name: RepositoryName) -> bool:
        """Tell whether anything was ever pushed there and not removed since."""
        return bool(await self._asked.rows("find_repository", name=name))

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[str]:
        """List a repository's tags."""
        return await self._asked.column("tags", name=name, after=after, limit=limit)

    async def repositories(self, after: str, limit: int) -> list[RepositoryName]:
        """List repositories that have a manifest."""
        names = await self._asked.column("repositories", after=after, limit=limit)
        return [RepositoryName(name) for name in names]

    async def used(self, name: RepositoryName) -> UsedAround:
        """Tell what is used in a repository, in its namespace and in the registry."""
        return await used_around(self._asked, name)

    async def held(self, name: RepositoryName, digest: Digest) -> HeldAround:
        """Tell where around a repository a blob is counted already."""
        rows = await self._asked.rows(
            "held_around", name=name, namespace=name.partition("/")[0], digest=digest
        )
        return HeldAround(*map(bool, rows[0]))


async def used_around(asked: Asks, name: RepositoryName) -> UsedAround:
    """Ask what is used around a repository, of a database or within a transaction."""
    rows = await asked.rows("used_around", name=name, namespace=name.partition("/")[0])
    row = rows[0]
    return UsedAround(Used(*row[:3]), Used(*row[3:6]), Used(*row[6:]))


def blob_of(row: Sequence[Any]) -> StoredBlob:
    """Read digest, size, location, and since when it is in quarantine."""
    return StoredBlob(Digest(row[0]), row[1], Location(row[2]), row[3] is not None)


def _referrer(row: Row) -> Referrer:
    digest, media_type, size, artifact_type, annotations = row
    return Referrer(Digest(digest), media_type, size, artifact_type, annotations or "")


def manifest_of(rows: Sequence[Row]) -> StoredManifest | None:
    """Read digest, media type and payload from the first row, if there is any."""
    if not rows:
        return None
    row = rows[0]
    return StoredManifest(Digest(row[0]), row[1], row[2])
