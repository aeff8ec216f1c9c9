"""The end of an upload: its bytes become a blob that a repository has."""

from entrepot.errors import QuotaExceeded
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Caller
from entrepot.ports.blobs import BlobStorage, Claim, UploadState
from entrepot.ports.clock import Clock
from entrepot.ports.events import EventKind
from entrepot.ports.metadata import Metadata, StoredBlob, Transaction
from entrepot.services.changes import Changes
from entrepot.services.quotas import Quotas


class FinishedUploads:
    """Makes uploads blobs.

    Args:
        metadata: what exists.
        blobs: where the bytes are.
        clock: tells the time.
        quotas: how much may lie where.
    """

    def __init__(
        self, metadata: Metadata, blobs: BlobStorage, clock: Clock, quotas: Quotas
    ) -> None:
        self._metadata = metadata
        self._blobs = blobs
        self._clock = clock
        self._quotas = quotas

    async def keep(
        self,
        caller: Caller,
        name: RepositoryName,
        state: UploadState,
        digest: Digest,
        claim: Claim,
    ) -> StoredBlob:
        """Check an upload's bytes, and let a repository have them.

        Args:
            caller: who brought them.
            name: of the repository.
            state: of the upload, with all of its bytes.
            digest: that they must have.
            claim: the right to the upload.

        Returns:
            The blob that is known from now on: another upload may have brought it before.

        Raises:
            InvalidDigest: the bytes have another digest; the upload goes on as it was.
            QuotaExceeded: there is no room; the upload is over.
        """
        refusal: QuotaExceeded | None = None
        # Until the blob is known, nobody may take its bytes for a leftover.
        async with self._blobs.commit(state, digest, claim) as placed:
            now, location = self._clock.now(), placed.location
            blob = kept = StoredBlob(digest, state.received, location)

            async def change(transaction: Transaction) -> StoredBlob:
                changes = await Changes.into(transaction, caller, now, name)
                kept = await transaction.keep_blob(blob, now)
                if placed.content is not None:
                    await transaction.keep_content(placed, now)
                await transaction.link_blob(changes.repository, digest, now)
                await changes.tell(EventKind.BLOB_PUSHED, digest=digest, size=blob.size)
                return kept

            try:
                kept = await self._metadata.change(self._quotas.guarded(name, change))
            except QuotaExceeded as error:
                refusal = error
        if refusal is not None or kept.location != location:
            await self._blobs.delete(location, lambda: self._metadata.has_location(location))
        if refusal is not None:
            raise refusal
        return kept
