"""Pulling from mirrored repositories, beside those that images are pushed to."""

import asyncio
from contextlib import suppress

from entrepot.errors import (
    EntrepotError,
    QuarantinedBlob,
    QuotaExceeded,
    UnknownBlob,
    UnknownManifest,
    UnknownUpstreamContent,
    Unsupported,
    UpstreamFault,
)
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.blobs import BlobContent, BlobStorage
from entrepot.ports.metadata import Metadata, StoredBlob, StoredManifest
from entrepot.services.cache import KIBIBYTE, Cache
from entrepot.services.mirror.fills import BlobFills
from entrepot.services.mirror.following import (
    NOWHERE,
    ArrivingBlob,
    FollowedContent,
    can_pass,
)
from entrepot.services.mirror.manifests import MirroredManifests
from entrepot.services.mirror.observer import MirrorObserver, NoObserver
from entrepot.services.mirror.origins import Origin, Origins
from entrepot.services.mirror.passing import PassedThrough
from entrepot.services.pull import Pull

# Of blobs that an upstream does not have.
_MISSING_BYTES = 256 * KIBIBYTE
_MISSING_SECONDS = 10.0
# Parts that are passed through while the whole is downloaded.
PARTS_AT_ONCE = 4


class MirrorPull:
    """Serves what a repository has, and what its upstream has. Is asked what `Pull` is asked.

    Args:
        pull: serves what is here.
        origins: say which repositories are mirrored.
        manifests: of upstreams.
        fills: blobs of upstreams.
        metadata: what exists.
        blobs: where blobs are read.
        observer: told what is passed through.
    """

    def __init__(
        self,
        pull: Pull,
        origins: Origins,
        manifests: MirroredManifests,
        fills: BlobFills,
        metadata: Metadata,
        blobs: BlobStorage,
        observer: MirrorObserver | None = None,
    ) -> None:
        self._pull = pull
        self._origins = origins
        self._manifests = manifests
        self._fills = fills
        self._metadata = metadata
        self._blobs = blobs
        self._observer = observer or NoObserver()
        self._places = asyncio.Semaphore(PARTS_AT_ONCE)
        self._missing: Cache[tuple[str, str], str] = Cache(_MISSING_BYTES, _MISSING_SECONDS)

    async def manifest(
        self,
        caller: Caller,
        name: RepositoryName,
        reference: Reference,
        *,
        confirming: bool = False,
    ) -> StoredManifest:
        """Find a manifest by tag or digest; one that is not here, or may have moved, upstream.

        Args:
            caller: who asks.
            name: in which repository.
            reference: of the manifest.
            confirming: the caller relies upon its being there for a while, as HEAD says.

        Raises:
            Denied: the caller may not pull here.
            UnknownManifest: neither has it.
            UnknownName: the repository is not one of those that are mirrored.
            UpstreamOutage: it is not here, and the upstream does not answer.
        """
        origin = self._origins.of(name)
        if origin is None:
            return await self._pull.manifest(caller, name, reference, confirming=confirming)
        found: StoredManifest | None = None
        try:
            found = await self._pull.manifest(caller, name, reference, confirming=confirming)
        except UnknownManifest:
            origin.require()
        else:
            if self._manifests.is_fresh(name, reference):
                self._observer.hit(origin.host, len(found.payload))
                return found
        return await self._manifests.fetch(origin, name, reference, found)

    async def blob(
        self,
        caller: Caller,
        name: RepositoryName,
        digest: Digest,
        *,
        confirming: bool = False,
    ) -> StoredBlob:
        """Find a blob; the download of one that is not here begins.

        Args:
            caller: who asks.
            name: in which repository.
            digest: of the blob.
            confirming: the caller only wants to know whether it is there, as HEAD does.

        Raises:
            Denied: the caller may not pull here.
            UnknownBlob: neither has it.
            UnknownName: the repository is not one of those that are mirrored.
            UpstreamOutage: it is not here, and the upstream does not answer.
        """
        origin = self._origins.of(name)
        if origin is None:
            return await self._pull.blob(caller, name, digest, confirming=confirming)
        try:
            blob = await self._pull.blob(caller, name, digest, confirming=confirming)
        except (UnknownBlob, QuarantinedBlob):
            origin.require()
        else:
            if not confirming:
                self._observer.hit(origin.host, blob.size)
            return blob
        try:
            return await self._absent(origin, name, digest, confirming=confirming)
        except UnknownUpstreamContent as error:
            self._missing.keep((name, digest), error.message)
            raise self._unknown(name, digest, error.message) from error

    async def open(self, name: RepositoryName, blob: StoredBlob) -> BlobContent:
        """Open a blob that `blob` has found in a repository.

        Raises:
            UnknownBlob: it was collected since.
            DamagedBlob: its bytes are missing, or of another size.
            StorageOutage: the storage failed.
        """
        if not isinstance(blob, ArrivingBlob) or blob.origin is None:
            return await self._pull.open(name, blob)
        passing = PassedThrough(blob.origin, blob.digest, blob.size, self._observer)
        if blob.flight is None:
            return passing
        return FollowedContent(blob.flight, self._blobs, passing, blob.size, self._places)

    async def _absent(
        self, origin: Origin, name: RepositoryName, digest: Digest, *, confirming: bool
    ) -> StoredBlob:
        missing = self._missing.get((name, digest))
        if missing is not None:
            raise self._unknown(name, digest, missing)
        named = await self._metadata.named_size(name, digest)
        with suppress(QuotaExceeded):  # then it is passed through
            linked = await self._fills.links.link(origin, name, digest)
            if linked is not None:
                return linked
        if confirming:
            size = await self._size(origin, digest) if named is None else named
            return ArrivingBlob(digest, size, NOWHERE, origin=origin)
        if self._fills.has_room(name):
            flight = self._fills.begin(origin, name, digest, named)
            try:
                size = await flight.opened()
            except EntrepotError as error:
                if not can_pass(error):
                    raise
            else:
                return ArrivingBlob(digest, size, NOWHERE, origin=origin, flight=flight)
        return ArrivingBlob(digest, await self._size(origin, digest), NOWHERE, origin=origin)

    async def _size(self, origin: Origin, digest: Digest) -> int:
        told = await origin.client.head_blob(origin.name, digest)
        if told.size is None:
            raise UpstreamFault(f"{origin.host} does not tell the size of {digest}")
        return told.size

    def _unknown(self, name: RepositoryName, digest: Digest, message: str) -> UnknownBlob:
        return UnknownBlob(
            f"repository {name} has no blob {digest}: {message}", {"name": name, "digest": digest}
        )


class UnpushableMirrors:
    """Implements `Access` for whoever pushes: nobody does into what is mirrored.

    Args:
        access: decides everything else.
        origins: say which repositories are mirrored.
    """

    def __init__(self, access: Access, origins: Origins) -> None:
        self._access = access
        self._origins = origins

    async def require(self, caller: Caller, action: Action, name: RepositoryName) -> None:
        """Return when the caller may do it.

        Raises:
            Unsupported: it is a push into a mirrored repository.
        """
        await self._access.require(caller, action, name)
        if action is Action.PUSH and self._origins.mirrors(name):
            raise Unsupported(
                f"{name} mirrors another registry; push to that one, or to another name",
                {"name": name},
            )

    async def may(self, caller: Caller, action: Action, name: RepositoryName) -> bool:
        """Tell whether the caller may do it."""
        if action is Action.PUSH and self._origins.mirrors(name):
            return False
        return await self._access.may(caller, action, name)

    async def reach(self, caller: Caller, action: Action) -> frozenset[str] | None:
        """Give the first components of the names of all repositories where the caller may do it."""
        return await self._access.reach(caller, action)
