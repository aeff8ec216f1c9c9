"""Fetches the images of an index for some platforms, before anybody asks for them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from entrepot.errors import EntrepotError
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Manifest, Role
from entrepot.oci.name import RepositoryName
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.metadata import StoredManifest
from entrepot.services.mirror.fills import BlobFills
from entrepot.services.mirror.origins import Origin

logger = logging.getLogger("entrepot.mirror")

# Blobs at once: those that somebody waits for are to have most of the connections.
_AT_ONCE = 4

Fetch = Callable[[Origin, RepositoryName, Digest], Awaitable[StoredManifest]]


class Prefetch:
    """Fetches images in the background, each once at a time.

    Args:
        fills: downloads of blobs.
    """

    def __init__(self, fills: BlobFills) -> None:
        self._fills = fills
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._running: dict[tuple[RepositoryName, Digest], asyncio.Task[None]] = {}

    def begin(self, origin: Origin, name: RepositoryName, index: Manifest, fetch: Fetch) -> None:
        """Fetch the images of an index that its upstream's settings want; returns at once.

        Args:
            origin: whence it comes.
            name: of the repository here.
            index: was kept a moment ago; anything else has no images.
            fetch: gives a manifest, from here or from the upstream.
        """
        for edge in index.edges:
            wanted = edge.descriptor.platform in origin.upstream.platforms
            place = name, edge.descriptor.digest
            if edge.role is Role.MANIFEST and wanted and place not in self._running:
                task = asyncio.get_running_loop().create_task(
                    self._image(origin, *place, fetch), name=f"prefetching {place[1]}"
                )
                self._running[place] = task
                task.add_done_callback(lambda _, place=place: self._running.pop(place))  # type: ignore[misc]

    async def close(self) -> None:
        """End what is under way."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _image(
        self, origin: Origin, name: RepositoryName, digest: Digest, fetch: Fetch
    ) -> None:
        try:
            stored = await fetch(origin, name, digest)
            image = await asyncio.to_thread(
                parse_stored_manifest, stored.payload, stored.media_type
            )
            for edge in image.edges:
                if edge.role in (Role.CONFIG, Role.LAYER):
                    await self._blob(origin, name, edge.descriptor.digest, edge.descriptor.size)
        except EntrepotError as error:
            logger.info("%s of %s was not fetched ahead: %s", digest, name, error.message)
        except Exception:
            logger.exception("fetching %s of %s ahead failed", digest, name)

    async def _blob(self, origin: Origin, name: RepositoryName, digest: Digest, size: int) -> None:
        async with self._places:
            links = self._fills.links
            if await links.find(name, digest) or await links.link(origin, name, digest):
                return
            await self._fills.begin(origin, name, digest, size).ended()
