"""Deleting tags, manifests, blobs and repositories (spec.md, "Content Management")."""

from entrepot.errors import NeededByIndex, UnknownBlob, UnknownManifest, UnknownName, Unsupported
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.clock import Clock
from entrepot.ports.events import EventKind
from entrepot.ports.metadata import Metadata, Transaction
from entrepot.services.changes import Changes
from entrepot.services.immutable import ImmutableTags

_USERS_SHOWN = 5
_PAGE = 1000


class Delete:
    """Takes things from a repository; bytes are left for the collector.

    Args:
        metadata: what exists.
        access: who may delete.
        clock: tells the time.
        immutable: tags that stay.
        enabled: `storage.delete.enabled`.
        protect_children: `storage.delete.protectchildren`.
    """

    def __init__(
        self,
        metadata: Metadata,
        access: Access,
        clock: Clock,
        immutable: ImmutableTags | None = None,
        *,
        enabled: bool,
        protect_children: bool = False,
    ) -> None:
        self._metadata = metadata
        self._access = access
        self._clock = clock
        self._immutable = immutable or ImmutableTags()
        self._enabled = enabled
        self._protect_children = protect_children

    async def manifest(self, caller: Caller, name: RepositoryName, reference: Reference) -> None:
        """Remove a tag; or, by digest, a manifest and all tags that point to it.

        An index that refers to the manifest stays, and stays readable.

        Raises:
            Denied: the caller may not delete here.
            Unsupported: deleting is switched off.
            ImmutableTag: a tag would go that stays.
            NeededByIndex: an index has the manifest, and children are protected.
            UnknownManifest: the repository has none.
        """
        await self._require(caller, name, Action.DELETE)
        now = self._clock.now()

        async def change(transaction: Transaction) -> bool:
            repository = await transaction.find_repository(name)
            if repository is None:
                return False
            changes = Changes(transaction, caller, now, name, repository)
            if isinstance(reference, Digest):
                await self._check_indexes(transaction, repository, name, reference)
                tags = await changes.delete_manifest(reference)
                self._immutable.check_delete(caller, name, tags or ())
                return tags is not None
            if await transaction.tag(repository, reference) is not None:
                self._immutable.check_delete(caller, name, (reference,))
            return await changes.delete_tag(reference)

        if not await self._metadata.change(change):
            raise UnknownManifest(
                f"repository {name} has no manifest {reference}",
                {"name": name, "reference": reference},
            )

    async def blob(self, caller: Caller, name: RepositoryName, digest: Digest) -> None:
        """Take a blob from a repository, unless a manifest there needs it.

        Raises:
            Denied: the caller may not delete here.
            Unsupported: deleting is switched off, or a manifest refers to the blob.
            UnknownBlob: the repository has none.
        """
        await self._require(caller, name, Action.DELETE)
        now = self._clock.now()

        async def change(transaction: Transaction) -> bool:
            repository = await transaction.find_repository(name)
            if repository is None:
                return False
            sizes = await transaction.blob_sizes(repository, [digest])
            if digest not in sizes:
                return False
            users = await transaction.blob_users(repository, digest, _USERS_SHOWN)
            if users:
                raise Unsupported(
                    f"blob {digest} is needed by manifest {users[0]}; delete the manifests first",
                    {"digest": digest, "manifests": list(users)},
                )
            unlinked = await transaction.unlink_blob(repository, digest)
            if unlinked:
                changes = Changes(transaction, caller, now, name, repository)
                await changes.tell(EventKind.BLOB_DELETED, digest=digest, size=sizes[digest])
            return unlinked

        if not await self._metadata.change(change):
            raise UnknownBlob(
                f"repository {name} has no blob {digest}", {"name": name, "digest": digest}
            )

    async def repository(self, caller: Caller, name: RepositoryName) -> None:
        """Delete a repository with everything in it, its tags' history included.

        Nobody sees any of it from then on; its rows, and bytes that nothing else needs, go later.

        Raises:
            Denied: the caller does not administer it.
            Unsupported: deleting is switched off.
            ImmutableTag: a tag would go that stays.
            UnknownName: there is no such repository.
        """
        await self._require(caller, name, Action.ADMIN)
        now = self._clock.now()

        async def change(transaction: Transaction) -> None:
            repository = await transaction.find_repository(name)
            if repository is None:
                raise UnknownName(f"there is no repository {name}", {"name": name})
            if self._immutable.concerns(caller, name):
                after = ""
                while page := await transaction.tag_names(repository, after, _PAGE):
                    self._immutable.check_delete(caller, name, page)
                    after = page[-1]
            await transaction.hide_repository(repository, now)
            changes = Changes(transaction, caller, now, name, repository)
            await changes.tell(EventKind.REPOSITORY_DELETED)

        await self._metadata.change(change)

    async def _check_indexes(
        self, transaction: Transaction, repository: int, name: RepositoryName, digest: Digest
    ) -> None:
        if not self._protect_children:
            return
        indexes = await transaction.indexes_with(repository, digest, _USERS_SHOWN)
        if indexes:
            raise NeededByIndex(
                f"manifest {digest} of {name} is part of index {', '.join(indexes)}; "
                "delete that first",
                {"name": name, "digest": digest, "indexes": list(indexes)},
            )

    async def _require(self, caller: Caller, name: RepositoryName, action: Action) -> None:
        await self._access.require(caller, action, name)
        if not self._enabled:
            raise Unsupported("deleting is disabled; storage.delete.enabled: true enables it")
