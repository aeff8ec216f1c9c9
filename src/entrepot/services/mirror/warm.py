"""Fetches whole images into a mirror on purpose, before anybody asks for them."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Manifest, Role
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.access import Caller
from entrepot.services.mirror.fills import BlobFills
from entrepot.services.mirror.origins import Origin
from entrepot.services.mirror.pull import MirrorPull

Platform = tuple[str, str]
"""Operating system and architecture."""

_AT_ONCE = 4


@dataclass(slots=True)
class Warmed:
    """How far it is.

    Attributes:
        manifests: that are here.
        blobs: that are here, and those that were here before.
        fetched: bytes of blobs that were downloaded.
        bytes: of all blobs that are wanted, as far as they are known.
        skipped: platforms that were not wanted.
    """

    manifests: int = 0
    blobs: int = 0
    fetched: int = 0
    bytes: int = 0
    skipped: list[str] = field(default_factory=list)


class Warm:
    """Fetches images.

    Args:
        pull: gives manifests, from here or from the upstream.
        fills: downloads blobs.
        tell: called when something has come.
    """

    def __init__(self, pull: MirrorPull, fills: BlobFills, tell: Callable[[Warmed], None]) -> None:
        self._pull = pull
        self._fills = fills
        self._tell = tell
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def image(
        self,
        caller: Caller,
        origin: Origin,
        name: RepositoryName,
        reference: Reference,
        platforms: Collection[Platform] = (),
    ) -> Warmed:
        """Fetch an image: everything that an index names, or the images for some platforms.

        What is here already is not fetched again, so an interrupted call is repeated to go on.

        Args:
            caller: who asks.
            origin: whence it comes.
            name: of the repository here.
            reference: of the image.
            platforms: those that are wanted of an index; empty for all.

        Raises:
            UnknownManifest: the upstream has none.
            UpstreamOutage: it does not answer.
        """
        done = Warmed()
        pending: list[Reference] = [reference]
        seen: set[Digest] = set()
        blobs: dict[Digest, int] = {}
        while pending:
            stored = await self._pull.manifest(caller, name, pending.pop())
            if stored.digest in seen:
                continue
            seen.add(stored.digest)
            manifest = await asyncio.to_thread(
                parse_stored_manifest, stored.payload, stored.media_type
            )
            pending += self._children(manifest, platforms, done)
            for edge in manifest.edges:
                if edge.role in (Role.CONFIG, Role.LAYER):
                    blobs[edge.descriptor.digest] = edge.descriptor.size
            done.manifests += 1
            done.bytes = sum(blobs.values())
            self._tell(done)
        try:
            async with asyncio.TaskGroup() as group:
                for digest, size in blobs.items():
                    group.create_task(self._blob(origin, name, digest, size, done))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return done

    def _children(
        self, manifest: Manifest, platforms: Collection[Platform], done: Warmed
    ) -> list[Digest]:
        wanted = []
        for edge in manifest.edges:
            if edge.role is not Role.MANIFEST:
                continue
            platform = edge.descriptor.platform
            if platforms and platform is not None and platform not in platforms:
                done.skipped.append("/".join(platform))
            else:
                wanted.append(edge.descriptor.digest)
        return wanted

    async def _blob(
        self, origin: Origin, name: RepositoryName, digest: Digest, size: int, done: Warmed
    ) -> None:
        async with self._places:
            links = self._fills.links
            if await links.find(name, digest) is None:
                linked = await links.link(origin, name, digest)
                if linked is None:
                    blob = await self._fills.begin(origin, name, digest, size).ended()
                    done.fetched += blob.size
            done.blobs += 1
            self._tell(done)
