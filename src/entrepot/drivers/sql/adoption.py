"""Takes what adoption makes known: many rows a transaction, committed between batches."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from entrepot.drivers.sql.adopted_trees import SqlAdoptedTrees
from entrepot.drivers.sql.engines.sqlite.bulk import SqliteBulk
from entrepot.drivers.sql.reader import blob_of
from entrepot.drivers.sql.transaction import edge_values, manifest_values
from entrepot.oci.accessory import named_digest
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import AdoptedTag, LinkedBlob
from entrepot.ports.metadata import NewManifest, StoredBlob


class SqlAdoptionStore(SqlAdoptedTrees):
    """Implements `AdoptionStore`: see `open` and `scratch`."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a database, and bring it to the schema of this program.

        Raises:
            NewerDatabase: a newer Entrepot has written the database.
            MetadataOutage: it cannot be opened, or another process is adopting.
        """
        return cls(SqliteBulk.open(path, "adopting", "adopting this directory"))

    @classmethod
    def scratch(cls) -> Self:
        """Make an empty database that nobody else sees, and that is gone when it is closed."""
        return cls(SqliteBulk.scratch())

    async def repository(self, name: RepositoryName, created_at: int) -> int:
        """Find a repository's number; makes the repository where there is none."""
        number = await self._transaction.find_repository(name)
        if number is None:
            number = await self._transaction.repository(name, created_at)
            self._new["repositories"] += 1
        return number

    async def keep_blobs(self, repository: int, blobs: Sequence[LinkedBlob]) -> None:
        """Make blobs known, and let a repository have them."""
        digests = {linked.blob.digest for linked in blobs}
        known = set(await self._session.column("known_blobs", digests=digests))
        new = [linked for linked in blobs if linked.blob.digest not in known]
        await self._session.many(
            "keep_blob",
            [
                {
                    "digest": linked.blob.digest,
                    "size": linked.blob.size,
                    "location": linked.blob.location,
                    "now": linked.created_at,
                }
                for linked in new
            ],
        )
        await self._session.many(
            "link_blob",
            [
                {"repository": repository, "digest": linked.blob.digest, "now": linked.linked_at}
                for linked in blobs
            ],
        )
        self._new["blobs"] += len(new)
        self._new["blob_bytes"] += sum(linked.blob.size for linked in new)

    async def find_blob(self, digest: Digest) -> StoredBlob | None:
        """Find a blob that is known."""
        rows = await self._session.rows("find_blob", digest=digest)
        return blob_of(rows[0]) if rows else None

    async def drop_blob(self, digest: Digest) -> None:
        """Take a blob from every repository, and forget it."""
        blob = await self.find_blob(digest)
        if blob is None:
            return
        await self._session.run("drop_blob_links", digest=digest)
        await self._session.run("drop_blob", digest=digest)
        self._new["blobs"] -= 1
        self._new["blob_bytes"] -= blob.size

    async def blob_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these blobs that the repository has."""
        return await self._transaction.blob_sizes(repository, digests)

    async def manifest_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these manifests that the repository has."""
        return await self._transaction.manifest_sizes(repository, digests)

    async def keep_manifests(self, repository: int, manifests: Sequence[NewManifest]) -> None:
        """Keep manifests that the repository does not have, and their edges."""
        kept = await self._session.many(
            "adopt_manifest", [manifest_values(repository, manifest) for manifest in manifests]
        )
        digests = [manifest.digest for manifest in manifests]
        numbers: dict[str, int] = dict(
            await self._session.rows("manifest_numbers", repository=repository, digests=digests)
        )
        edges = [
            edge
            for manifest in manifests
            for edge in edge_values(repository, numbers[manifest.digest], manifest)
        ]
        await self._session.many("keep_edge", edges)
        if manifests:
            await self._session.run("mark_populated", repository=repository)
        self._new["manifests"] += kept

    async def keep_tags(self, repository: int, tags: Sequence[AdoptedTag]) -> None:
        """Keep tags of manifests that are there; a tag that is known already stays as it is."""
        rows = [
            {
                "repository": repository,
                "tag": tag.tag,
                "digest": tag.digest,
                "updated_at": tag.updated_at,
                "names": named_digest(tag.tag),
            }
            for tag in tags
        ]
        self._new["tags"] += await self._session.many("adopt_tag", rows)

    async def missing_children(self, repository: int) -> list[tuple[Digest, Digest]]:
        """List indexes with a child that the repository has neither as manifest nor as blob."""
        rows = await self._session.rows("missing_children", repository=repository)
        return [(Digest(index), Digest(child)) for index, child in rows]
