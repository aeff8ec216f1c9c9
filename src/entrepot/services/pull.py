"""Pulling: manifests by tag or digest, blobs by digest (spec.md, "Pull")."""

from entrepot.errors import UnknownBlob, UnknownManifest
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.blobs import BlobContent, BlobReader
from entrepot.ports.metadata import MetadataReader, StoredBlob, StoredManifest


class Pull:
    """Serves what a repository has.

    Args:
        metadata: what exists.
        blobs: where blobs are read.
        access: who may pull.
    """

    def __init__(self, metadata: MetadataReader, blobs: BlobReader, access: Access) -> None:
        self._metadata = metadata
        self._blobs = blobs
        self._access = access

    async def manifest(
        self, caller: Caller, name: RepositoryName, reference: Reference
    ) -> StoredManifest:
        """Find a manifest by tag or digest.

        Raises:
            Denied: the caller may not pull here.
            UnknownManifest: the repository has none.
        """
        await self._access.require(caller, Action.PULL, name)
        if isinstance(reference, Digest):
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

    async def blob(self, caller: Caller, name: RepositoryName, digest: Digest) -> StoredBlob:
        """Find a blob, without touching the storage.

        Raises:
            Denied: the caller may not pull here.
            UnknownBlob: the repository has none.
        """
        await self._access.require(caller, Action.PULL, name)
        found = await self._metadata.blob(name, digest)
        if found is None:
            raise UnknownBlob(
                f"repository {name} has no blob {digest}", {"name": name, "digest": digest}
            )
        return found

    async def open(self, blob: StoredBlob) -> BlobContent:
        """Open a blob that `blob` has found.

        Raises:
            DamagedBlob: its bytes are missing, or of another size.
            StorageOutage: the storage failed.
        """
        return await self._blobs.open(blob.location, blob.size)
