"""How manifests and tags of mirrored repositories are kept: as pushed ones, with parts missing."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from entrepot.errors import (
    InvalidDigest,
    InvalidManifest,
    MetadataOutage,
    QuotaExceeded,
    StorageFull,
    UpstreamFault,
)
from entrepot.oci.manifest import Manifest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.clock import Clock
from entrepot.ports.metadata import Metadata, NewManifest, StoredManifest, Transaction
from entrepot.ports.upstream import RemoteManifest
from entrepot.services.changes import Changes
from entrepot.services.mirror.links import MIRROR
from entrepot.services.mirror.origins import Origin
from entrepot.services.quotas import Quotas

logger = logging.getLogger("entrepot.mirror")

_READ_INLINE = 64 * 1024


class MirrorRows:
    """Keeps manifests, and moves and removes tags.

    Args:
        metadata: what exists.
        clock: tells the time.
        quotas: how much may lie where.
    """

    def __init__(self, metadata: Metadata, clock: Clock, quotas: Quotas) -> None:
        self._metadata = metadata
        self._clock = clock
        self._quotas = quotas
        # One at a time: a manifest that is being read takes a dozen times its size.
        self._reader = ThreadPoolExecutor(1, "mirrored manifest")

    async def keep(
        self, origin: Origin, name: RepositoryName, remote: RemoteManifest, tag: Tag | None
    ) -> tuple[StoredManifest, Manifest]:
        """Keep a manifest, whatever is here of what it refers to, and point a tag at it.

        One that there is no room for is given all the same.

        Args:
            origin: whence it comes.
            name: of the repository here.
            remote: as it came.
            tag: is to point to it; None for none.

        Raises:
            UpstreamFault: it is no manifest.
        """
        manifest = await self._read(origin, remote)
        now = self._clock.now()
        new = NewManifest(remote.digest, remote.payload, manifest, now)

        async def change(transaction: Transaction) -> None:
            changes = await Changes.into(transaction, MIRROR, now, name)
            number = await changes.push_manifest(new)
            if tag is not None:
                await changes.move_tag(tag, number, remote.digest)

        try:
            await self._metadata.change(self._quotas.guarded(name, change))
        except (StorageFull, QuotaExceeded, MetadataOutage) as error:
            logger.warning("a manifest of %s is not kept: %s", name, error.message)
        return StoredManifest(remote.digest, manifest.media_type, remote.payload), manifest

    async def remove_tag(self, name: RepositoryName, tag: Tag) -> None:
        """Remove a tag, if there is one; what it pointed to stays."""
        if await self._metadata.manifest_by_tag(name, tag) is None:
            return
        now = self._clock.now()

        async def change(transaction: Transaction) -> None:
            changes = await Changes.into(transaction, MIRROR, now, name)
            await changes.delete_tag(tag)

        await self._metadata.change(change)

    def close(self) -> None:
        """Let go of the thread."""
        self._reader.shutdown(wait=False, cancel_futures=True)

    async def _read(self, origin: Origin, remote: RemoteManifest) -> Manifest:
        read = partial(parse_stored_manifest, remote.payload, remote.media_type)
        try:
            if len(remote.payload) <= _READ_INLINE:
                return read()
            return await asyncio.get_running_loop().run_in_executor(self._reader, read)
        except (InvalidManifest, InvalidDigest) as error:
            raise UpstreamFault(
                f"{origin.host} sent a manifest of {origin.name} that cannot be served:"
                f" {error.message}"
            ) from error
