"""What can be changed in the metadata, within one transaction."""

import json
from collections.abc import Iterable

from entrepot.drivers.sql.database import Session
from entrepot.drivers.sql.events import Recorder
from entrepot.drivers.sql.reader import blob_of, used_around
from entrepot.drivers.sql.removal_transaction import SqlRemoval
from entrepot.oci.accessory import named_digest
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Role
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import Caller
from entrepot.ports.blobs import Placed
from entrepot.ports.events import NOWHERE, Origin
from entrepot.ports.metadata import NewManifest, StoredBlob
from entrepot.ports.removal import DEFAULT_HISTORY
from entrepot.ports.usage import UsedAround


class SqlTransaction(SqlRemoval, Recorder):
    """Implements `Transaction`.

    Args:
        session: of the transaction.
        history_kept: lines of history that each tag keeps.
        origin: whence the change was asked for.
        node: which machine of the registry makes it.
    """

    def __init__(
        self,
        session: Session,
        history_kept: int = DEFAULT_HISTORY,
        origin: Origin = NOWHERE,
        node: str = "",
    ) -> None:
        super().__init__(session, origin, node)
        self._history_kept = history_kept

    async def repository(self, name: RepositoryName, now: int) -> int:
        """Find a repository's number; makes the repository where there is none."""
        number = await self.find_repository(name)
        if number is not None:
            return number
        return int((await self._session.column("add_repository", name=name, now=now))[0])

    async def find_repository(self, name: RepositoryName) -> int | None:
        """Find a repository's number."""
        found = await self._session.column("find_repository", name=name)
        return int(found[0]) if found else None

    async def keep_blob(self, blob: StoredBlob, now: int) -> StoredBlob:
        """Make a blob known; gives the one that was known before, where there was one.

        One that was in quarantine is replaced, and served again.
        """
        kept = await self._session.run(
            "keep_blob", digest=blob.digest, size=blob.size, location=blob.location, now=now
        )
        if kept:
            return blob
        return blob_of((await self._session.rows("find_blob", digest=blob.digest))[0])

    async def keep_content(self, placed: Placed, now: int) -> None:
        """Keep the bytes of a blob that was just made known, until they are durable there."""
        await self._session.run(
            "keep_content",
            upload=placed.upload.id,
            digest=placed.upload.digest,
            content=placed.content,
            now=now,
        )

    async def link_blob(self, repository: int, digest: Digest, now: int) -> bool:
        """Let a repository have a known blob; False when the blob is not known."""
        if await self._session.run("link_blob", repository=repository, digest=digest, now=now):
            # Nothing needs it yet: the collector is to look at it, should nothing ever do.
            await self._session.run("add_link_candidate", repository=repository, digest=digest)
            return True
        await self._session.run("renew_link_by_number", repository=repository, digest=digest)
        return digest in await self.blob_sizes(repository, [digest])

    async def unlink_blob(self, repository: int, digest: Digest) -> bool:
        """Take a blob from a repository; False when it had none."""
        return bool(await self._session.run("unlink_blob", repository=repository, digest=digest))

    async def blob_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these blobs that the repository has."""
        return dict(await self._session.rows("blob_sizes", repository=repository, digests=digests))

    async def manifest_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these manifests that the repository has."""
        return dict(
            await self._session.rows("manifest_sizes", repository=repository, digests=digests)
        )

    async def blob_users(self, repository: int, digest: Digest, limit: int) -> list[Digest]:
        """List manifests of the repository that refer to a blob."""
        found = await self._session.column(
            "blob_users", repository=repository, digest=digest, limit=limit
        )
        return [Digest(user) for user in found]

    async def keep_manifest(self, repository: int, manifest: NewManifest) -> int:
        """Keep a manifest and its edges, or find the one that is kept; gives its number."""
        kept = await self._session.column("keep_manifest", **manifest_values(repository, manifest))
        number = int(kept[0])
        edges = manifest.manifest.edges
        await self._session.many("keep_edge", edge_values(repository, number, manifest))
        await self._session.many(
            "drop_link_candidate",
            [
                {"repository": repository, "digest": edge.descriptor.digest}
                for edge in edges
                if edge.role is not Role.SUBJECT
            ],
        )
        await self._session.run("renew_pushed_manifest", manifest=number)
        await self._session.run("mark_populated", repository=repository)
        return number

    async def delete_manifest(
        self, repository: int, digest: Digest, caller: Caller, now: int
    ) -> list[str] | None:
        """Remove a manifest and the tags that point to it; gives those, None when unknown."""
        manifest = await self.find_manifest(repository, digest)
        if manifest is None:
            return None
        tags = await self._session.column("tags_of_manifest", manifest=manifest)
        for tag in tags:
            await self._note(repository, tag, digest, None, caller, now)
        await self._session.run("keep_removed_manifest", manifest=manifest, now=now)
        await self._session.run("delete_tags_of_manifest", manifest=manifest)
        await self._session.run("delete_edges", manifest=manifest)
        await self._session.run("delete_manifest", manifest=manifest)
        await self._session.run("mark_emptied", repository=repository)
        return tags

    async def restore_manifest(self, repository: int, manifest: NewManifest) -> int:
        """Keep a manifest that was removed, with the time of its last pull; gives its number."""
        number = await self.keep_manifest(repository, manifest)
        digest = manifest.digest
        await self._session.run(
            "restore_pull", manifest=number, repository=repository, digest=digest
        )
        await self._session.run("drop_removed_manifest", repository=repository, digest=digest)
        await self._session.run("hold_children", manifest=number)
        return number

    async def queue_unheld(self, manifest: int) -> None:
        """Let a manifest go after the grace, should nothing hold it by then."""
        await self._session.run("queue_unheld_manifest", manifest=manifest)

    async def move_tag(
        self, repository: int, tag: Tag, manifest: int, caller: Caller, now: int
    ) -> Digest | None:
        """Point a tag at a manifest and write that into the tag's history."""
        before = await self.tag(repository, tag)
        old_digest = None if before is None else before.digest
        if before is None or before.manifest != manifest:
            await self._note(repository, tag, old_digest, manifest, caller, now)
        await self._session.run(
            "move_tag",
            repository=repository,
            tag=tag,
            manifest=manifest,
            now=now,
            names=named_digest(tag),
        )
        return old_digest

    async def delete_tag(
        self, repository: int, tag: Tag, caller: Caller, now: int
    ) -> Digest | None:
        """Remove a tag and write that into its history."""
        before = await self.tag(repository, tag)
        if before is None:
            return None
        await self._note(repository, tag, before.digest, None, caller, now)
        await self._session.run("delete_tag", repository=repository, tag=tag)
        return before.digest

    async def used(self, name: RepositoryName) -> UsedAround:
        """Tell what is used around a repository, with what this transaction has done so far."""
        return await used_around(self._session, name)

    async def _note(
        self,
        repository: int,
        tag: str,
        old_digest: str | None,
        manifest: int | None,
        caller: Caller,
        now: int,
    ) -> None:
        await self._session.run(
            "note_tag_change",
            repository=repository,
            tag=tag,
            old_digest=old_digest,
            manifest=manifest,
            caller=caller.name,
            now=now,
        )
        await self._session.run(
            "trim_history", repository=repository, tag=tag, kept=self._history_kept
        )


def manifest_values(repository: int, new: NewManifest) -> dict[str, object]:
    """Give the values of a manifest's row."""
    read = new.manifest
    subject = read.subject
    return {
        "repository": repository,
        "digest": new.digest,
        "media_type": read.media_type,
        "artifact_type": read.artifact_type,
        "subject": None if subject is None else subject.digest,
        "annotations": json.dumps(read.annotations) if read.annotations else None,
        "size": len(new.payload),
        "pushed_at": new.pushed_at,
        "payload": new.payload,
    }


def edge_values(repository: int, manifest: int, new: NewManifest) -> list[dict[str, object]]:
    """Give the values of the rows of a manifest's edges."""
    return [
        {
            "manifest": manifest,
            "role": edge.role.value,
            "digest": edge.descriptor.digest,
            "repository": repository,
            "size": edge.descriptor.size,
        }
        for edge in new.manifest.edges
    ]
