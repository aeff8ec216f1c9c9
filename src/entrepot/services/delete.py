"""Deleting tags, manifests and blobs from a repository (spec.md, "Content Management")."""

from entrepot.errors import UnknownBlob, UnknownManifest, Unsupported
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.clock import Clock
from entrepot.ports.metadata import Metadata, Transaction

_USERS_SHOWN = 5


class Delete:
    """Takes things from a repository; bytes are left for the collector.

    Args:
        metadata: what exists.
        access: who may delete.
        clock: tells the time.
        enabled: `storage.delete.enabled`.
    """

    def __init__(self, metadata: Metadata, access: Access, clock: Clock, *, enabled: bool) -> None:
        self._metadata = metadata
        self._access = access
        self._clock = clock
        self._enabled = enabled

    async def manifest(self, caller: Caller, name: RepositoryName, reference: Reference) -> None:
        """Remove a tag; or, by digest, a manifest and all tags that point to it.

        An index that refers to the manifest stays, and stays readable.

        Raises:
            Denied: the caller may not delete here.
            Unsupported: deleting is switched off.
            UnknownManifest: the repository has none.
        """
        await self._require(caller, name)
        now = self._clock.now()

        async def change(transaction: Transaction) -> bool:
            repository = await transaction.find_repository(name)
            if repository is None:
                return False
            if isinstance(reference, Digest):
                tags = await transaction.delete_manifest(repository, reference, caller.name, now)
                return tags is not None
            return await transaction.delete_tag(repository, reference, caller.name, now)

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
        await self._require(caller, name)

        async def change(transaction: Transaction) -> bool:
            repository = await transaction.find_repository(name)
            if repository is None:
                return False
            if digest not in await transaction.blob_sizes(repository, [digest]):
                return False
            users = await transaction.blob_users(repository, digest, _USERS_SHOWN)
            if users:
                raise Unsupported(
                    f"blob {digest} is needed by manifest {users[0]}; delete the manifests first",
                    {"digest": digest, "manifests": list(users)},
                )
            return await transaction.unlink_blob(repository, digest)

        if not await self._metadata.change(change):
            raise UnknownBlob(
                f"repository {name} has no blob {digest}", {"name": name, "digest": digest}
            )

    async def _require(self, caller: Caller, name: RepositoryName) -> None:
        await self._access.require(caller, Action.DELETE, name)
        if not self._enabled:
            raise Unsupported(
                "deleting is switched off; storage.delete.enabled: true switches it on"
            )
