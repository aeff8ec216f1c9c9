"""What can be changed in the metadata, on the writer's connection."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from entrepot.drivers.sql.reader import QUERIES, around, used_around
from entrepot.drivers.sql.removal_transaction import SqliteRemoval
from entrepot.oci.accessory import named_digest
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Role
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import NewManifest, StoredBlob
from entrepot.ports.removal import DEFAULT_HISTORY
from entrepot.ports.usage import UsedAround


class SqliteTransaction(SqliteRemoval):
    """Implements `Transaction`. Its methods never wait: a group is run in one go."""

    def __init__(self, connection: sqlite3.Connection, history_kept: int = DEFAULT_HISTORY) -> None:
        self._connection = connection
        self._history_kept = history_kept

    async def repository(self, name: RepositoryName, now: int) -> int:
        """Find a repository's number; makes the repository where there is none."""
        number = await self.find_repository(name)
        if number is not None:
            return number
        return int(self._run("add_repository", name=name, now=now).fetchone()[0])

    async def find_repository(self, name: RepositoryName) -> int | None:
        """Find a repository's number."""
        row = self._run("find_repository", name=name).fetchone()
        return None if row is None else int(row[0])

    async def keep_blob(self, blob: StoredBlob, now: int) -> StoredBlob:
        """Make a blob known; gives the one that was known before, where there was one.

        One that was in quarantine is replaced, and served again.
        """
        kept = self._run(
            "keep_blob", digest=blob.digest, size=blob.size, location=blob.location, now=now
        )
        if kept.rowcount:
            return blob
        digest, size, location = self._run("find_blob", digest=blob.digest).fetchone()
        return StoredBlob(Digest(digest), size, Location(location))

    async def link_blob(self, repository: int, digest: Digest, now: int) -> bool:
        """Let a repository have a known blob; False when the blob is not known."""
        linked = self._run("link_blob", repository=repository, digest=digest, now=now)
        if linked.rowcount:
            # Nothing needs it yet: the collector is to look at it, should nothing ever do.
            self._run("add_link_candidate", repository=repository, digest=digest)
            return True
        self._run("renew_link_by_number", repository=repository, digest=digest)
        return digest in await self.blob_sizes(repository, [digest])

    async def unlink_blob(self, repository: int, digest: Digest) -> bool:
        """Take a blob from a repository; False when it had none."""
        return bool(self._run("unlink_blob", repository=repository, digest=digest).rowcount)

    async def blob_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these blobs that the repository has."""
        return dict(
            self._run("blob_sizes", repository=repository, digests=json.dumps(list(digests)))
        )

    async def manifest_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these manifests that the repository has."""
        return dict(
            self._run("manifest_sizes", repository=repository, digests=json.dumps(list(digests)))
        )

    async def blob_users(self, repository: int, digest: Digest, limit: int) -> list[Digest]:
        """List manifests of the repository that refer to a blob."""
        rows = self._run("blob_users", repository=repository, digest=digest, limit=limit)
        return [Digest(row[0]) for row in rows]

    async def keep_manifest(self, repository: int, manifest: NewManifest) -> int:
        """Keep a manifest and its edges, or find the one that is kept; gives its number."""
        read = manifest.manifest
        subject = read.subject
        number = self._run(
            "keep_manifest",
            repository=repository,
            digest=manifest.digest,
            media_type=read.media_type,
            artifact_type=read.artifact_type,
            subject=None if subject is None else subject.digest,
            annotations=json.dumps(read.annotations) if read.annotations else None,
            size=len(manifest.payload),
            pushed_at=manifest.pushed_at,
            payload=manifest.payload,
        ).fetchone()[0]
        self._connection.executemany(
            QUERIES["keep_edge"],
            [
                {
                    "manifest": number,
                    "role": str(edge.role),
                    "digest": edge.descriptor.digest,
                    "repository": repository,
                    "size": edge.descriptor.size,
                }
                for edge in read.edges
            ],
        )
        self._connection.executemany(
            QUERIES["drop_link_candidate"],
            [
                {"repository": repository, "digest": edge.descriptor.digest}
                for edge in read.edges
                if edge.role is not Role.SUBJECT
            ],
        )
        self._run("renew_pushed_manifest", manifest=number)
        self._run("mark_populated", repository=repository)
        return int(number)

    async def delete_manifest(
        self, repository: int, digest: Digest, caller: str, now: int
    ) -> list[str] | None:
        """Remove a manifest and the tags that point to it; gives those, None when unknown."""
        row = self._run("find_manifest", repository=repository, digest=digest).fetchone()
        if row is None:
            return None
        manifest = row[0]
        tags = [tag for (tag,) in self._run("tags_of_manifest", manifest=manifest)]
        for tag in tags:
            self._note(repository, tag, digest, None, caller, now)
        self._run("keep_removed_manifest", manifest=manifest, now=now)
        self._run("delete_tags_of_manifest", manifest=manifest)
        self._run("delete_edges", manifest=manifest)
        self._run("delete_manifest", manifest=manifest)
        self._run("mark_emptied", repository=repository)
        return tags

    async def restore_manifest(self, repository: int, manifest: NewManifest) -> int:
        """Keep a manifest that was removed, with the time of its last pull; gives its number."""
        number = await self.keep_manifest(repository, manifest)
        removed = {"repository": repository, "digest": manifest.digest}
        self._run("restore_pull", manifest=number, **removed)
        self._run("drop_removed_manifest", **removed)
        return number

    async def queue_unheld(self, manifest: int) -> None:
        """Let a manifest go after the grace, should nothing hold it by then."""
        self._run("queue_unheld_manifest", manifest=manifest)

    async def move_tag(
        self, repository: int, tag: Tag, manifest: int, caller: str, now: int
    ) -> None:
        """Point a tag at a manifest and write that into the tag's history."""
        before = self._run("find_tag", repository=repository, tag=tag).fetchone()
        if before is None or before[0] != manifest:
            old_digest = None if before is None else before[1]
            self._note(repository, tag, old_digest, manifest, caller, now)
        self._run(
            "move_tag",
            repository=repository,
            tag=tag,
            manifest=manifest,
            now=now,
            names=named_digest(tag),
        )

    async def delete_tag(self, repository: int, tag: Tag, caller: str, now: int) -> bool:
        """Remove a tag and write that into its history; False when there is none."""
        before = self._run("find_tag", repository=repository, tag=tag).fetchone()
        if before is None:
            return False
        self._note(repository, tag, before[1], None, caller, now)
        self._run("delete_tag", repository=repository, tag=tag)
        return True

    async def used(self, name: RepositoryName) -> UsedAround:
        """Tell what is used around a repository, with what this transaction has done so far."""
        return used_around(self._run("used_around", **around(name)).fetchall())

    def _note(
        self,
        repository: int,
        tag: str,
        old_digest: str | None,
        manifest: int | None,
        caller: str,
        now: int,
    ) -> None:
        self._run(
            "note_tag_change",
            repository=repository,
            tag=tag,
            old_digest=old_digest,
            manifest=manifest,
            caller=caller,
            now=now,
        )
        self._run("trim_history", repository=repository, tag=tag, kept=self._history_kept)

    def _run(self, query: str, **parameters: Any) -> sqlite3.Cursor:
        return self._connection.execute(QUERIES[query], parameters)
