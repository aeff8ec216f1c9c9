"""Changes of what a repository has, each recorded with what it did.

A caller who changes something goes through here, so that no change goes untold.
"""

from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import Caller
from entrepot.ports.events import Event, EventKind
from entrepot.ports.metadata import NewManifest, Transaction


@dataclass(frozen=True, slots=True)
class Changes:
    """What somebody changes in a repository within one transaction.

    Attributes:
        transaction: in which it happens.
        caller: who does it.
        now: microseconds since 1970, UTC.
        name: of the repository.
        repository: its number in the transaction.
    """

    transaction: Transaction
    caller: Caller
    now: int
    name: RepositoryName
    repository: int

    @classmethod
    async def into(
        cls, transaction: Transaction, caller: Caller, now: int, name: RepositoryName
    ) -> "Changes":
        """Change a repository, creating it if it does not exist."""
        number = await transaction.find_repository(name)
        if number is not None:
            return cls(transaction, caller, now, name, number)
        made = cls(transaction, caller, now, name, await transaction.repository(name, now))
        await made.tell(EventKind.REPOSITORY_CREATED)
        return made

    async def push_manifest(self, new: NewManifest) -> int:
        """Keep a manifest that was pushed; gives its number."""
        number = await self.transaction.keep_manifest(self.repository, new)
        await self.tell(
            EventKind.MANIFEST_PUSHED,
            digest=new.digest,
            media_type=new.manifest.media_type,
            artifact_type=new.manifest.artifact_type,
            size=len(new.payload),
        )
        return number

    async def restore_manifest(self, new: NewManifest) -> int:
        """Keep a manifest again that was removed; gives its number."""
        number = await self.transaction.restore_manifest(self.repository, new)
        await self.tell(EventKind.MANIFEST_RESTORED, digest=new.digest)
        return number

    async def move_tag(self, tag: Tag, manifest: int, digest: Digest) -> None:
        """Point a tag at a manifest, which it may do already.

        Args:
            tag: to be moved.
            manifest: the number of what it points to from now on.
            digest: of the same.
        """
        before = await self.transaction.move_tag(
            self.repository, tag, manifest, self.caller, self.now
        )
        if before is None:
            await self.tell(EventKind.TAG_CREATED, tag, digest)
        elif before != digest:
            await self.tell(EventKind.TAG_MOVED, tag, digest, before=before)

    async def delete_tag(self, tag: Tag) -> bool:
        """Remove a tag; False when there is none."""
        before = await self.transaction.delete_tag(self.repository, tag, self.caller, self.now)
        if before is None:
            return False
        await self.tell(EventKind.TAG_DELETED, tag, before)
        return True

    async def delete_manifest(self, digest: Digest) -> list[str] | None:
        """Remove a manifest and the tags that point to it; gives those, None when unknown."""
        tags = await self.transaction.delete_manifest(
            self.repository, digest, self.caller, self.now
        )
        if tags is None:
            return None
        for tag in tags:
            await self.tell(EventKind.TAG_DELETED, tag, digest)
        await self.tell(EventKind.MANIFEST_DELETED, digest=digest)
        return tags

    async def tell(
        self,
        kind: EventKind,
        reference: str = "",
        digest: str = "",
        **details: str | int | bool | None,
    ) -> None:
        """Record that something has happened in the repository."""
        await self.transaction.record(
            Event(kind, self.caller, self.now, self.name, reference, digest, details)
        )
