"""Blobs that another mirrored repository has already are linked instead of downloaded again.

Being named by a manifest is not enough: whoever can push to the upstream can name anything, a
private blob of this registry, too. So the upstream is asked (HEAD) whether this very repository
has the blob; and only a repository that mirrors the same upstream is a source, so that an upstream
that lies gets nothing that did not come from it.
"""

from entrepot.errors import UnknownUpstreamContent, UpstreamOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Caller, Kind
from entrepot.ports.clock import Clock
from entrepot.ports.events import EventKind
from entrepot.ports.metadata import Metadata, StoredBlob, Transaction
from entrepot.services.changes import Changes
from entrepot.services.mirror.origins import Origin
from entrepot.services.quotas import Quotas

_REPOSITORIES_A_QUERY = 64
_QUERIES = 4

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

    async def link(self, origin: Origin, name: RepositoryName, digest: Digest) -> StoredBlob | None:
        """Let a repository have a blob that is here; None where it has to be downloaded.

        Args:
            origin: whence the repository comes.
            name: of the repository.
            digest: of the blob.

        Raises:
            QuotaExceeded: there is no room for it.
        """
        source = await self._source(origin, name, digest)
        if source is None or not await _has(origin, digest):
            return None
        if await self._link(name, digest, source):
            return await self.find(name, digest)
        return None

    async def _source(
        self, origin: Origin, name: RepositoryName, digest: Digest
    ) -> RepositoryName | None:
        """Find a repository of the same upstream that has a blob with good bytes."""
        siblings = name.removesuffix(origin.name)
        after = 0
        for _ in range(_QUERIES):
            found = await self._metadata.repositories_with_blob(
                digest, after, _REPOSITORIES_A_QUERY
            )
            for _, source in found:
                if source.startswith(siblings):
                    return source if await self.find(source, digest) is not None else None
            if len(found) < _REPOSITORIES_A_QUERY:
                break
            after = found[-1][0]
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


async def _has(origin: Origin, digest: Digest) -> bool:
    try:
        told = await origin.client.head_blob(origin.name, digest)
    except (UnknownUpstreamContent, UpstreamOutage):
        return False  # the download tells more
    return told.digest in (None, digest)
