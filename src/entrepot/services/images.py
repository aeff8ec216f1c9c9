"""Removing an image with all that nothing else holds, and bringing it back.

An index takes its children along, both ways.
"""

import asyncio

from entrepot.errors import InvalidDigest, InvalidManifest, UnknownManifest
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Role
from entrepot.oci.name import RepositoryName
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.metadata import Metadata, NewManifest, Transaction
from entrepot.ports.removal import RemovedManifest, TagHistory
from entrepot.services.quotas import Quotas
from entrepot.services.references import ManifestPolicy, missing_references

# Bytes; reading more would keep others waiting.
_READ_AT_ONCE = 64 * 1024


async def remove_unheld(
    transaction: Transaction, repository: int, digest: Digest, caller: str, now: int
) -> list[Digest]:
    """Remove a manifest unless something holds it, and its children likewise.

    A tag, an index that has it, and the manifest that it is about hold a manifest. Referrers of
    what goes, and blobs, are left to the collector.

    Args:
        transaction: in which it happens.
        repository: the repository's number.
        digest: of the manifest; an unknown one is passed over.
        caller: who does it.
        now: microseconds since 1970, UTC.

    Returns:
        What was removed.
    """
    removed: list[Digest] = []
    waiting = [digest]
    while waiting:
        candidate = waiting.pop()
        if await transaction.is_held(repository, candidate):
            continue
        children = await transaction.children(repository, candidate)
        if await transaction.delete_manifest(repository, candidate, caller, now) is not None:
            removed.append(candidate)
            waiting += children
    return removed


class RemovedImages:
    """Finds images that were removed, and brings them back while their blobs are there.

    Args:
        metadata: what exists.
        history: what was removed.
        policy: what a manifest may lack.
        quotas: how much may lie where.
    """

    def __init__(
        self,
        metadata: Metadata,
        history: TagHistory,
        policy: ManifestPolicy,
        quotas: Quotas,
    ) -> None:
        self._metadata = metadata
        self._history = history
        self._policy = policy
        self._quotas = quotas

    async def prepare(self, name: RepositoryName, digest: Digest) -> NewManifest:
        """Read a manifest that was removed, when the children that went with it are back.

        They come back one by one, and go again should nothing come to hold them.

        Raises:
            UnknownManifest: it is gone, or what a child needs is.
            QuotaExceeded: there is no room for a child.
        """
        waiting, seen = [digest], {digest}
        while True:
            removed = await self._history.removed(name, waiting[-1])
            new = None if removed is None else await _read(removed)
            children: list[Digest] = []
            if new is not None:
                edges = [edge for edge in new.manifest.edges if edge.role is Role.MANIFEST]
                children = [edge.descriptor.digest for edge in edges]
            if unseen := [child for child in children if child not in seen]:
                waiting += unseen
                seen.update(unseen)
                continue
            if waiting.pop() == digest:
                if new is None:
                    raise gone(name, digest)
                return new
            if new is not None:
                await self._keep_child(name, new)

    async def keep(
        self, transaction: Transaction, repository: int, name: RepositoryName, new: NewManifest
    ) -> int:
        """Keep a manifest again when everything that it needs is there; gives its number.

        Raises:
            UnknownManifest: what it needs is gone.
        """
        missing = await missing_references(transaction, repository, new.manifest, self._policy)
        if missing:
            raise UnknownManifest(
                f"manifest {new.digest} needs {missing[0]}, which is gone from {name}",
                {"name": name, "digest": missing[0]},
            )
        return await transaction.restore_manifest(repository, new)

    async def _keep_child(self, name: RepositoryName, new: NewManifest) -> None:
        async def change(transaction: Transaction) -> None:
            repository = await transaction.find_repository(name)
            if repository is None:
                raise gone(name, new.digest)
            if await transaction.find_manifest(repository, new.digest) is None:
                number = await self.keep(transaction, repository, name, new)
                await transaction.queue_unheld(number)

        await self._metadata.change(self._quotas.guarded(name, change))


async def _read(removed: RemovedManifest) -> NewManifest | None:
    """Read a manifest anew; None for one that was adopted though no client could push it."""

    def read() -> NewManifest | None:
        try:
            manifest = parse_stored_manifest(removed.payload, removed.media_type)
        except (InvalidManifest, InvalidDigest):
            return None
        return NewManifest(removed.digest, removed.payload, manifest, removed.pushed_at)

    if len(removed.payload) <= _READ_AT_ONCE:
        return read()
    return await asyncio.to_thread(read)


def gone(name: RepositoryName, digest: Digest) -> UnknownManifest:
    """Give the error for a manifest that cannot be brought back."""
    return UnknownManifest(
        f"manifest {digest} is gone from {name}", {"name": name, "digest": digest}
    )
