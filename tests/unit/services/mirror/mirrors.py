"""A mirror in front of an upstream in memory: several workers on one set of files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.access import ANONYMOUS
from entrepot.ports.blobs import BlobStorage
from entrepot.ports.metadata import StoredManifest
from entrepot.services.listing import Listing
from entrepot.services.mirror.fills import BlobFills
from entrepot.services.mirror.listing import MirrorListing
from entrepot.services.mirror.manifests import MirroredManifests
from entrepot.services.mirror.origins import MirroredUpstream, Origins
from entrepot.services.mirror.prefetch import Prefetch
from entrepot.services.mirror.pull import MirrorPull
from entrepot.services.pull import Pull
from entrepot.services.quotas import Quotas
from tests.unit.services.mirror.upstreams import MemoryUpstream
from tests.unit.services.registry import Registry

HOST = "up.example"
NAME = RepositoryName(f"{HOST}/team/app")
OTHER = RepositoryName(f"{HOST}/team/other")


class Worker:
    """What one worker of a mirror has."""

    def __init__(
        self,
        registry: Registry,
        upstream: MemoryUpstream,
        number: int = 1,
        ttl: float = 300.0,
        slow: float = 100.0,
        blobs: BlobStorage | None = None,
        quotas: Quotas | None = None,
        platforms: tuple[tuple[str, str], ...] = (),
    ) -> None:
        blobs = blobs or registry.blobs
        holders = f"node/worker-{number}/"
        mirrored = MirroredUpstream(HOST, upstream, ttl=ttl, slow=slow, platforms=platforms)
        self.origins = Origins([mirrored])
        self.fills = BlobFills(
            registry.metadata,
            registry.sessions,
            registry.fills,
            blobs,
            registry.clock,
            30.0,
            holders,
            quotas,
            pause=0.001,
        )
        self.prefetch = Prefetch(self.fills)
        self.manifests = MirroredManifests(
            registry.metadata,
            registry.fills,
            registry.checked_tags,
            registry.clock,
            holders,
            quotas,
            prefetch=self.prefetch,
        )
        here = Pull(registry.metadata, blobs, registry.access)
        self.pull = MirrorPull(
            here, self.origins, self.manifests, self.fills, registry.metadata, blobs
        )
        self.listing = MirrorListing(
            Listing(registry.metadata, registry.access),
            self.origins,
            self.manifests,
            registry.access,
        )

    async def manifest(self, reference: str, name: RepositoryName = NAME) -> StoredManifest:
        wanted: Reference = Digest(reference) if ":" in reference else Tag(reference)
        return await self.pull.manifest(ANONYMOUS, name, wanted)

    async def read(
        self, digest: Digest, name: RepositoryName = NAME, start: int = 0, stop: int | None = None
    ) -> bytes:
        """Read a blob, or a part of it, as a client does."""
        return b"".join([piece async for piece in self.pieces(digest, name, start, stop)])

    async def pieces(
        self, digest: Digest, name: RepositoryName = NAME, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        blob = await self.pull.blob(ANONYMOUS, name, digest)
        content = await self.pull.open(name, blob)
        try:
            async for piece in content.read(start, blob.size if stop is None else stop):
                yield piece
        finally:
            content.close()

    async def close(self) -> None:
        await self.prefetch.close()
        await self.fills.close()
        await self.manifests.close()


@asynccontextmanager
async def workers(
    registry: Registry, upstream: MemoryUpstream, number: int = 2, **how: float
) -> AsyncIterator[list[Worker]]:
    made = [Worker(registry, upstream, each, **how) for each in range(1, number + 1)]  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await asyncio.gather(*(worker.close() for worker in made))


def leftovers(registry: Registry) -> set[str]:
    """The files of uploads."""
    return {path.name for path in registry.layout.uploads.iterdir()}


async def nothing_is_left(registry: Registry, digest: Digest) -> None:
    assert await registry.metadata.blob(NAME, digest) is None
    assert leftovers(registry) == set()
    assert await registry.sessions.idle_since(2**62, "", 10) == []
