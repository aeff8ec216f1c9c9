"""Blobs that are here already: a mirrored repository gets those that its manifests name."""

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Caller, Kind
from entrepot.ports.clock import Clock
from entrepot.ports.events import EventKind
from entrepot.ports.metadata import Metadata, StoredBlob, Transaction
from entrepot.services.changes import Changes
from entrepot.services.quotas import Quotas

MIRROR = Caller("mirror", Kind.SYSTEM)
"""Keeps what upstreams have; nobody's account."""


class MirrorLinks:
    """Finds blobs for mirrored repositories, wherever they are here.

    Args:
        metadata: what exists.
        clock: tells the time.
        quotas: how much may lie where.
    """

    def __init__(self, metadata: Metadata, clock: Clock, quotas: Quotas) -> None:
        self._metadata = metadata
        self._clock = clock
        self._quotas = quotas

    async def find(self, name: RepositoryName, digest: Digest) -> StoredBlob | None:
        """Find a blob that the repository has, and whose bytes are good."""
        blob = await self._metadata.blob(name, digest)
        return None if blob is None or blob.quarantined else blob

    async def link(self, name: RepositoryName, digest: Digest) -> StoredBlob | None:
        """Let a repository have a blob that another one has; None where nobody has it.

        Only for blobs that a manifest of the repository names: its upstream vouches for them, so
        that whoever may pull there would get the same bytes from the upstream.

        Raises:
            QuotaExceeded: there is no room for it.
        """
        blob = await self.find(name, digest)
        if blob is not None:
            return blob
        for _, source in await self._metadata.repositories_with_blob(digest, 0, 1):
            if await self.find(source, digest) is None:
                return None  # its bytes are gone, for all that have it
            if await self._link(name, digest, source):
                return await self.find(name, digest)
        return None

    async def _link(self, name: RepositoryName, digest: Digest, source: RepositoryName) -> bool:
        now = self._clock.now()

        async def change(transaction: Transaction) -> bool:
            changes = await Changes.into(transaction, MIRROR, now, name)
            linked = await transaction.link_blob(changes.repository, digest, now)
            if linked:
                await changes.tell(EventKind.BLOB_MOUNTED, digest=digest, source=source)
            return linked

        return await self._metadata.change(self._quotas.guarded(name, change))
