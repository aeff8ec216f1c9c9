"""Making room in mirrors: what goes, what is pinned, and what the collector then finds."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.drivers.sql.eviction import SqlCachedImages
from entrepot.drivers.sql.pulls import SqlPullTimes
from entrepot.oci.image_glob import ImageGlob
from entrepot.oci.name import RepositoryName
from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.metadata import NewManifest
from entrepot.services.mirror.eviction import Evicted, Eviction, EvictionRules
from tests.contract.pushing import give_blobs, push, some_blob, some_image, some_index
from tests.unit.services.registry import Registry

pytestmark = pytest.mark.anyio

DAY = 86_400
HOST = "docker.io"
ALPINE = RepositoryName(f"{HOST}/library/alpine")
PUSHED = RepositoryName("team/app")
LAYERS = ["1" * 1000, "2" * 1000, "3" * 1000]


class Cache:
    """Three images of one mirror, pulled one, two and three days ago, and one that was pushed."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.clock = registry.clock
        self.images = [some_image(layer, config="{}") for layer in LAYERS]
        self.eviction = Eviction(
            SqlCachedImages(registry.metadata.database), registry.metadata, registry.clock
        )

    async def fill(self) -> None:
        for name in (ALPINE, PUSHED):
            await give_blobs(self.registry.metadata, name, *map(some_blob, [*LAYERS, "{}"]))
            for number, image in enumerate(self.images, 1):
                await push(self.registry.metadata, name, image, tag=str(number))
                await self.pulled(name, image, number)

    async def pulled(self, name: RepositoryName, image: NewManifest, days_ago: float) -> None:
        moment = self.clock.now() - int(days_ago * DAY * MICROSECONDS)
        pulls = SqlPullTimes(self.registry.metadata.database)
        await pulls.note([(name, image.digest)], moment)

    async def run(
        self, max_bytes: int | None = None, max_age: float | None = None, *pinned: str
    ) -> Evicted:
        globs = tuple(map(ImageGlob.parse, pinned))
        return await self.eviction.run(EvictionRules(HOST, HOST, max_bytes, max_age, globs))

    async def tags(self, name: RepositoryName = ALPINE) -> list[str]:
        return await self.registry.metadata.tags(name, "", 9)


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[Cache]:
    registry = Registry(tmp_path)
    cache = Cache(registry)
    await cache.fill()
    yield cache
    registry.close()


async def test_what_was_not_pulled_for_so_long_goes_with_its_tags(cache: Cache) -> None:
    assert await cache.run(None, 2.5 * DAY) == Evicted(1, 0)
    assert await cache.tags() == ["1", "2"]
    assert await cache.tags(PUSHED) == ["1", "2", "3"]
    assert await cache.registry.metadata.manifest_by_digest(ALPINE, cache.images[2].digest) is None
    assert await cache.run(None, 2.5 * DAY) == Evicted(0, 0)


async def test_the_least_recently_pulled_make_room(cache: Cache) -> None:
    assert await cache.run(2100) == Evicted(1, 0)
    assert await cache.tags() == ["1", "2"]
    await cache.pulled(ALPINE, cache.images[1], 0.5)
    assert await cache.run(1100) == Evicted(1, 0)
    assert await cache.tags() == ["2"]
    assert await cache.run(1100) == Evicted(0, 0)


async def test_what_fits_and_is_young_stays(cache: Cache) -> None:
    assert await cache.run(3002, 4.0 * DAY) == Evicted(0, 0)
    assert await cache.run() == Evicted(0, 0)
    assert await cache.tags() == ["1", "2", "3"]


@pytest.mark.parametrize("pinned", ["library/*", "library/alpine:3", "**:?"])
async def test_what_is_pinned_stays(cache: Cache, pinned: str) -> None:
    evicted = await cache.run(0, 0.5 * DAY, pinned, "other/**")
    kept = ["3"] if pinned.endswith(":3") else ["1", "2", "3"]
    assert await cache.tags() == kept
    assert (evicted.manifests, evicted.pinned) == (3 - len(kept), len(kept))


async def test_the_images_of_a_pinned_index_stay(cache: Cache) -> None:
    index = some_index(cache.images[1])
    await push(cache.registry.metadata, ALPINE, index, tag="multi")
    await cache.run(0, 0.5 * DAY, "library/alpine:multi")
    assert await cache.tags() == ["2", "multi"]


async def test_so_many_images_go_page_by_page(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.services.mirror.eviction._PAGE", 2)
    monkeypatch.setattr("entrepot.services.mirror.eviction._BATCH", 1)
    assert await cache.run(0) == Evicted(3, 0)
    assert await cache.tags() == []
