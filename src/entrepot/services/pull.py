"""Pulling: manifests by tag or digest, blobs by digest (spec.md, "Pull")."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from entrepot.errors import (
    DamagedBlob,
    EntrepotError,
    QuarantinedBlob,
    UnknownBlob,
    UnknownManifest,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.blobs import BlobContent, BlobReader
from entrepot.ports.metadata import Confirmer, MetadataReader, StoredBlob, StoredManifest
from entrepot.services.promises import DEFAULT_PROMISES, Promises

OnDamage = Callable[[StoredBlob], Awaitable[bool]]
"""Told of a blob whose bytes are missing or of another size; tells whether it is in quarantine."""


async def ignore_damage(blob: StoredBlob) -> bool:
    """Do nothing about it."""
    del blob
    return False


class PulledMetadata(MetadataReader, Confirmer, Protocol):
    """What pulling asks."""


class Pull:
    """Serves what a repository has.

    Args:
        metadata: what exists.
        blobs: where blobs are read.
        access: who may pull.
        on_damage: told of each damaged blob that is found.
        promises: how long what is confirmed is kept.
    """

    def __init__(
        self,
        metadata: PulledMetadata,
        blobs: BlobReader,
        access: Access,
        on_damage: OnDamage = ignore_damage,
        promises: Promises = DEFAULT_PROMISES,
    ) -> None:
        self._metadata = metadata
        self._blobs = blobs
        self._access = access
        self._on_damage = on_damage
        self._promises = promises

    async def manifest(
        self,
        caller: Caller,
        name: RepositoryName,
        reference: Reference,
        *,
        confirming: bool = False,
    ) -> StoredManifest:
        """Find a manifest by tag or digest.

        Args:
            caller: who asks.
            name: in which repository.
            reference: of the manifest.
            confirming: the caller relies upon its being there for a while, as HEAD says. One that
                has a tag needs no note: its grace begins when it loses the tag.

        Raises:
            Denied: the caller may not pull here.
            UnknownManifest: the repository has none.
        """
        await self._access.require(caller, Action.PULL, name)
        if isinstance(reference, Digest) and confirming:
            before = self._promises.stale_before
            found = await self._metadata.confirm_manifest(name, reference, before)
        elif isinstance(reference, Digest):
            found = await self._metadata.manifest_by_digest(name, reference)
        else:
            found = await self._metadata.manifest_by_tag(name, reference)
        if found is None:
            kind = "manifest" if isinstance(reference, Digest) else "tag"
            raise UnknownManifest(
                f"repository {name} has no {kind} {reference}",
                {"name": name, "reference": reference},
            )
        return found

    async def blob(
        self,
        caller: Caller,
        name: RepositoryName,
        digest: Digest,
        *,
        confirming: bool = False,
    ) -> StoredBlob:
        """Find a blob, without touching the storage.

        Args:
            caller: who asks.
            name: in which repository.
            digest: of the blob.
            confirming: the caller relies upon its being there for a while, as HEAD says.

        Raises:
            Denied: the caller may not pull here.
            UnknownBlob: the repository has none, or a damaged one and the caller is confirming:
                it is told to push good bytes.
            QuarantinedBlob: its bytes are known to be gone or wrong.
        """
        await self._access.require(caller, Action.PULL, name)
        if confirming:
            before = self._promises.stale_before
            found = await self._metadata.confirm_blob(name, digest, before)
        else:
            found = await self._metadata.blob(name, digest)
        if found is None:
            raise UnknownBlob(
                f"repository {name} has no blob {digest}", {"name": name, "digest": digest}
            )
        if found.quarantined:
            raise _refusal(found, confirming=confirming)
        return found

    async def open(self, name: RepositoryName, blob: StoredBlob) -> BlobContent:
        """Open a blob that `blob` has found in a repository.

        Raises:
            UnknownBlob: it was collected since.
            QuarantinedBlob: its bytes are gone or wrong, as was found just now.
            DamagedBlob: its bytes are missing, or of another size.
            StorageOutage: the storage failed.
        """
        try:
            return await self._blobs.open(blob.location, blob.size)
        except DamagedBlob as damage:
            if await self._metadata.blob(name, blob.digest) is None:
                raise UnknownBlob(
                    f"repository {name} has no blob {blob.digest}",
                    {"name": name, "digest": blob.digest},
                ) from damage
            if await self._on_damage(blob):
                raise _refusal(blob) from damage
            raise


def _refusal(blob: StoredBlob, *, confirming: bool = False) -> EntrepotError:
    """Give the error for a blob in quarantine.

    Who only wants to know whether it is here, as before a push, is told that it is not, so that
    good bytes are pushed.
    """
    detail = {"digest": blob.digest}
    if confirming:
        return UnknownBlob(f"blob {blob.digest} is damaged; push it again", detail)
    return QuarantinedBlob(
        f"the bytes of blob {blob.digest} are damaged; pushing it again repairs it", detail
    )
