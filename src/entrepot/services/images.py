"""Removing an image with all that nothing else holds, and bringing it back.

An index takes its children along, both ways.
"""

import asyncio
from collections.abc import Container

from entrepot.errors import UnknownManifest
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Role
from entrepot.oci.name import RepositoryName
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.access import Caller
from entrepot.ports.metadata import Change, Metadata, NewManifest, Transaction
from entrepot.ports.removal import TagHistory
from entrepot.services.changes import Changes
from entrepot.services.quotas import Quotas
from entrepot.services.references import ManifestPolicy, missing_references

# Bytes; reading more would keep others waiting.
_READ_AT_ONCE = 64 * 1024


async def remove_unheld(changes: Changes, digest: Digest) -> list[Digest]:
    """Remove a manifest unless something holds it, and its children likewise.

    A tag, an index that has it, and the manifest that it is about hold a manifest. Referrers of
    what goes, and blobs, are left to the collector.

    Args:
        changes: of the repository.
        digest: of the manifest; an unknown one is passed over.

    Returns:
        What was removed.
    """
    transaction, repository = changes.transaction, changes.repository
    removed: list[Digest] = []
    waiting = [digest]
    while waiting:
        candidate = waiting.pop()
        if await transaction.is_held(repository, candidate):
            continue
        children = await transaction.children(repository, candidate)
        if await changes.delete_manifest(candidate) is not None:
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

    async def prepare(
        self, caller: Caller, name: RepositoryName, digest: Digest, now: int
    ) -> NewManifest:
        """Read a manifest that was removed, when the children that went with it are back.

        They come back one by one, and go again should nothing come to hold them.

        Raises:
            UnknownManifest: it is gone, or what it or a child needs is; nothing has come back.
            QuotaExceeded: there is no room for a child.
        """
        *children, last = await self._order(name, digest) or [digest]
        for child in children:
            new = await self._read(name, child)
            if new is not None:
                await self._keep_child(caller, name, new, now)
        found = await self._read(name, last)
        if found is None:
            raise gone(name, digest)
        return found

    async def _order(self, name: RepositoryName, digest: Digest) -> list[Digest]:
        """List what has to come back, children before what needs them, when nothing else lacks.

        One manifest may have 4 MiB: none is held for longer than it is looked at.
        """
        order: dict[Digest, None] = {}
        waiting = [(digest, False)]
        while waiting:
            candidate, entered = waiting.pop()
            new = None if candidate in order else await self._read(name, candidate)
            if new is None:
                continue  # is there, or gone: the check of what needs it tells
            if entered:
                await self._metadata.change(self._check(name, new, order))
                order[candidate] = None
                continue
            waiting.append((candidate, True))
            edges = [edge for edge in new.manifest.edges if edge.role is Role.MANIFEST]
            waiting += [(edge.descriptor.digest, False) for edge in edges]
        return list(order)

    def _check(
        self, name: RepositoryName, new: NewManifest, returning: Container[str]
    ) -> Change[None]:
        async def change(transaction: Transaction) -> None:
            repository = await transaction.find_repository(name)
            if repository is None:
                raise gone(name, new.digest)
            await self._require(transaction, repository, name, new, returning)

        return change

    async def keep(self, changes: Changes, new: NewManifest) -> int:
        """Keep a manifest again when everything that it needs is there; gives its number.

        Raises:
            UnknownManifest: what it needs is gone.
        """
        await self._require(changes.transaction, changes.repository, changes.name, new)
        return await changes.restore_manifest(new)

    async def _require(
        self,
        transaction: Transaction,
        repository: int,
        name: RepositoryName,
        new: NewManifest,
        returning: Container[str] = (),
    ) -> None:
        missing = await missing_references(transaction, repository, new.manifest, self._policy)
        for digest in missing:
            if digest not in returning:
                raise UnknownManifest(
                    f"manifest {new.digest} needs {digest}, which is gone from {name}",
                    {"name": name, "digest": digest},
                )

    async def _read(self, name: RepositoryName, digest: Digest) -> NewManifest | None:
        removed = await self._history.removed(name, digest)
        if removed is None:
            return None
        payload, media_type = removed.payload, removed.media_type
        if len(payload) <= _READ_AT_ONCE:
            manifest = parse_stored_manifest(payload, media_type)
        else:
            manifest = await asyncio.to_thread(parse_stored_manifest, payload, media_type)
        return NewManifest(digest, payload, manifest, removed.pushed_at)

    async def _keep_child(
        self, caller: Caller, name: RepositoryName, new: NewManifest, now: int
    ) -> None:
        async def change(transaction: Transaction) -> None:
            repository = await transaction.find_repository(name)
            if repository is None:
                raise gone(name, new.digest)
            if await transaction.find_manifest(repository, new.digest) is None:
                changes = Changes(transaction, caller, now, name, repository)
                number = await self.keep(changes, new)
                await transaction.queue_unheld(number)

        await self._metadata.change(self._quotas.guarded(name, change))


def gone(name: RepositoryName, digest: Digest) -> UnknownManifest:
    """Give the error for a manifest that cannot be brought back."""
    return UnknownManifest(
        f"manifest {digest} is gone from {name}", {"name": name, "digest": digest}
    )
