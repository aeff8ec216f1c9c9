"""Remembers what was read of Docker Registry's tree, and takes what it has changed since."""

import json
from collections.abc import Iterable, Sequence

from entrepot.drivers.sql.adoption_log import SqlAdoptionLog
from entrepot.drivers.sql.reader import blob_of
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import Caller, Kind
from entrepot.ports.adoption import AdoptedTag, TreeMark
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.quarantine import Reason

_CALLER = Caller("docker-registry", Kind.SYSTEM)
"""Who the history of tags says it was."""


class SqlAdoptedTrees(SqlAdoptionLog):
    """Implements `AdoptedTrees`."""

    async def trees(self) -> dict[str, TreeMark]:
        """Give the mark of every repository that was read."""
        rows = await self._session.rows("adopted_trees")
        return {name: TreeMark(fingerprint, newest) for name, fingerprint, newest in rows}

    async def tree_tags(self, name: str) -> set[str]:
        """Give the tags that a repository's folder had when it was read."""
        found = await self._session.column("adopted_tree_tags", repository=name)
        return set(json.loads(found[0])) if found else set()

    async def keep_tree(self, name: str, mark: TreeMark, tags: Iterable[str]) -> None:
        """Remember what a repository's folder looks like."""
        await self._session.run(
            "keep_adopted_tree",
            repository=name,
            fingerprint=mark.fingerprint,
            newest=mark.newest,
            tags=json.dumps(sorted(tags)),
        )

    async def forget_tree(self, name: str) -> None:
        """Forget a repository's folder, which is not there any more."""
        await self._session.run("forget_adopted_tree", repository=name)

    async def find_repository(self, name: RepositoryName) -> int | None:
        """Find a repository's number; None where there is none."""
        return await self._transaction.find_repository(name)

    async def move_tags(self, repository: int, tags: Sequence[AdoptedTag]) -> None:
        """Point tags at manifests that are there, wherever they pointed before."""
        for tag in tags:
            (number,) = await self._session.column(
                "find_manifest", repository=repository, digest=tag.digest
            )
            self._new["tags"] += await self._transaction.tag(repository, tag.tag) is None
            await self._transaction.move_tag(repository, tag.tag, number, _CALLER, tag.updated_at)

    async def delete_manifest(self, repository: int, digest: Digest, before: int, now: int) -> bool:
        """Remove a manifest and its tags; False when it is unknown, or pushed after a moment."""
        known = await self._session.rows(
            "is_manifest_before", repository=repository, digest=digest, before=before
        )
        if known:
            await self._transaction.delete_manifest(repository, digest, _CALLER, now)
        return bool(known)

    async def delete_tag(self, repository: int, tag: str, before: int, now: int) -> bool:
        """Remove a tag; False when it is unknown, or was moved after a moment."""
        known = await self._session.rows(
            "is_tag_before", repository=repository, tag=tag, before=before
        )
        if known:
            await self._transaction.delete_tag(repository, Tag(tag), _CALLER, now)
        return bool(known)

    async def blobs(self, after: int, limit: int) -> list[tuple[int, StoredBlob]]:
        """List blobs that are served, by number, in pages that begin behind one."""
        rows = await self._session.rows("served_blobs", after=after, limit=limit)
        return [(number, blob_of(blob)) for number, *blob in rows]

    async def quarantined(self, digests: Iterable[Digest]) -> list[tuple[StoredBlob, int]]:
        """Give those of these blobs that are in quarantine, and since when."""
        rows = await self._session.rows("quarantined_among", digests=list(digests))
        return [(blob_of(row), row[3]) for row in rows]

    async def release(self, blob: StoredBlob, since: int) -> None:
        """Serve a blob again that is in quarantine since that moment."""
        await self._session.run("release_blob", digest=blob.digest, since=since)

    async def quarantine(self, blob: StoredBlob, reason: Reason, now: int) -> None:
        """Stop serving a blob until it is pushed again."""
        await self._session.run(
            "quarantine_blob",
            digest=blob.digest,
            location=blob.location,
            size=blob.size,
            reason=str(reason),
            now=now,
        )
