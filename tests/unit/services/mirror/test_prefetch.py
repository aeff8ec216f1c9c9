"""Images of an index that are fetched with it."""

import asyncio

from tests.unit.services.mirror.images import image, index
from tests.unit.services.mirror.mirrors import NAME, Worker
from tests.unit.services.mirror.upstreams import MemoryUpstream
from tests.unit.services.registry import Registry, with_registry
from tests.waiting import tries

WANTED, OTHER = image(b"wanted"), image(b"other")
BOTH = index(WANTED, OTHER, architectures=("arm64", "amd64"))


def test_the_images_of_the_wanted_platforms_are_fetched_and_no_others() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        for manifest in (WANTED, OTHER):
            upstream.add_manifest(manifest)
        upstream.add_manifest(BOTH, "v1")
        wanted = [upstream.add_blob(b"{}"), upstream.add_blob(b"wanted")]
        other = upstream.add_blob(b"other")
        worker = Worker(registry, upstream, platforms=(("linux", "arm64"),))
        await worker.manifest("v1")
        for _ in tries("the blobs do not come"):
            found = [await registry.metadata.blob(NAME, digest) for digest in wanted]
            if all(found):
                break
            await asyncio.sleep(0.01)
        assert await registry.metadata.manifest_by_digest(NAME, WANTED.digest) is not None
        assert await registry.metadata.manifest_by_digest(NAME, OTHER.digest) is None
        assert await registry.metadata.blob(NAME, other) is None
        asked = upstream.faults.asked.copy()
        await worker.manifest("v1")
        assert await worker.read(wanted[1]) == b"wanted"
        assert upstream.faults.asked == asked
        await worker.close()

    with_registry(work)


def test_what_cannot_be_fetched_ahead_harms_nobody() -> None:
    async def work(registry: Registry) -> None:
        upstream = MemoryUpstream()
        upstream.add_manifest(BOTH, "v1")
        worker = Worker(registry, upstream, platforms=(("linux", "arm64"),))
        assert (await worker.manifest("v1")).payload == BOTH.payload
        for _ in tries("nothing was tried"):
            if upstream.faults.asked["manifest"] == 2:
                break
            await asyncio.sleep(0.01)
        await worker.close()

    with_registry(work)
