"""Mounting: a repository gets a blob that another one has (spec.md, "Mounting a blob")."""

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.clock import Clock
from entrepot.ports.events import EventKind
from entrepot.ports.metadata import Metadata, Transaction
from entrepot.services.changes import Changes
from entrepot.services.promises import DEFAULT_PROMISES, Promises
from entrepot.services.quotas import NoQuotas, Quotas

_REPOSITORIES_A_QUERY = 64
# A blob that thousands have is looked for in the oldest of them: how long that takes shall not
# tell how many there are that the caller may not read.
_QUERIES = 4


class Mount:
    """Links blobs across repositories.

    Args:
        metadata: what exists.
        access: who may read the source and write the target.
        clock: tells the time.
        promises: how long what is confirmed is kept.
        quotas: how much may lie where.
    """

    def __init__(
        self,
        metadata: Metadata,
        access: Access,
        clock: Clock,
        promises: Promises = DEFAULT_PROMISES,
        quotas: Quotas | None = None,
    ) -> None:
        self._quotas: Quotas = quotas or NoQuotas()
        self._metadata = metadata
        self._access = access
        self._clock = clock
        self._promises = promises

    async def mount(
        self, caller: Caller, name: RepositoryName, digest: Digest, source: RepositoryName | None
    ) -> bool:
        """Let a repository have a blob.

        Args:
            caller: who asks.
            name: the repository that is to have it.
            digest: of the blob.
            source: the repository that has it; None for any that the caller may read.

        Returns:
            False when there is no such blob where the caller may read; the client uploads it.

        Raises:
            Denied: the caller may not push to the repository.
            QuotaExceeded: there is no room for the blob.
        """
        await self._access.require(caller, Action.PUSH, name)
        present = await self._metadata.confirm_blob(name, digest, self._promises.stale_before)
        if present is not None and not present.quarantined:
            return True
        origin = source if source is not None else await self._find(caller, digest)
        if origin is None or not await self._access.may(caller, Action.PULL, origin):
            return False
        found = await self._metadata.blob(origin, digest)
        if found is None or found.quarantined:  # then the client uploads it, which heals it
            return False
        now = self._clock.now()

        async def change(transaction: Transaction) -> bool:
            # Looked at again: the source may have lost the blob since.
            from_repository = await transaction.find_repository(origin)
            if from_repository is None:
                return False
            sizes = await transaction.blob_sizes(from_repository, [digest])
            if digest not in sizes:
                return False
            changes = await Changes.into(transaction, caller, now, name)
            linked = await transaction.link_blob(changes.repository, digest, now)
            if linked:
                await changes.tell(
                    EventKind.BLOB_MOUNTED, digest=digest, size=sizes[digest], source=origin
                )
            return linked

        return await self._metadata.change(self._quotas.guarded(name, change))

    async def _find(self, caller: Caller, digest: Digest) -> RepositoryName | None:
        after = 0
        for _ in range(_QUERIES):
            found = await self._metadata.repositories_with_blob(
                digest, after, _REPOSITORIES_A_QUERY
            )
            for _, name in found:
                if await self._access.may(caller, Action.PULL, name):
                    return name
            if len(found) < _REPOSITORIES_A_QUERY:
                break
            after = found[-1][0]
        return None
