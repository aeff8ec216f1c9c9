"""What mirrors keep, by the time of the last pull."""

from collections.abc import Collection

import pytest

from entrepot.oci.name import RepositoryName
from entrepot.ports.eviction import CachedManifest, CachedTotal
from entrepot.ports.metadata import NewManifest
from tests.contract.databases import MetadataDatabase
from tests.contract.pushing import give_blobs, push, some_blob, some_image, some_index

pytestmark = pytest.mark.anyio

ALPINE = RepositoryName("docker.io/library/alpine")
DEBIAN = RepositoryName("docker.io/library/debian")
BESIDE = (RepositoryName("docker.io-mine/app"), RepositoryName("docker.io"), RepositoryName("a/b"))
BASE, ONE, TWO, CONFIG = "b" * 1000, "1" * 100, "2" * 10, "c"
FIRST = some_image(BASE, ONE, config=CONFIG, pushed_at=10)
SECOND = some_image(BASE, TWO, config=CONFIG, pushed_at=20)
SPARSE = some_index(FIRST, some_image("absent"), pushed_at=30)


async def fill(database: MetadataDatabase) -> None:
    metadata, _ = database.removal()
    blobs = [some_blob(text) for text in (BASE, ONE, TWO, CONFIG)]
    await give_blobs(metadata, ALPINE, *blobs)
    await push(metadata, ALPINE, FIRST, tag="1")
    await push(metadata, ALPINE, SECOND, tag="2")
    await give_blobs(metadata, DEBIAN, some_blob(CONFIG))
    await push(metadata, DEBIAN, SPARSE)
    for name in BESIDE:
        await give_blobs(metadata, name, *blobs)
        await push(metadata, name, FIRST, tag="1")


async def pulled(
    database: MetadataDatabase, *pulled: tuple[RepositoryName, NewManifest], at: int
) -> None:
    _, parts = database.removal()
    await parts.pulls.note([(name, manifest.digest) for name, manifest in pulled], at)


async def unused(database: MetadataDatabase, until: int, limit: int = 9) -> list[CachedManifest]:
    _, parts = database.removal()
    found: list[CachedManifest] = []
    after = ("", "")
    while page := await parts.cached.unused_since("docker.io", until, after, limit):
        found += page
        after = page[-1].name, page[-1].digest
    return found


def names(manifests: Collection[CachedManifest]) -> set[tuple[str, str, int]]:
    return {(each.name, each.digest, each.used_at) for each in manifests}


async def test_what_lies_below_a_host_is_added_up_and_nothing_beside_it(
    database: MetadataDatabase,
) -> None:
    _, parts = database.removal()
    assert await parts.cached.total("docker.io") == CachedTotal()
    await fill(database)
    await pulled(database, (ALPINE, FIRST), at=77)
    sizes = sum(len(each.payload) for each in (FIRST, SECOND, SPARSE))
    assert await parts.cached.total("docker.io") == CachedTotal(
        2, 2, 3, 4, 1111 + sizes, oldest=20, newest=77
    )
    everything = await parts.cached.total("")
    assert (everything.repositories, everything.manifests, everything.blobs) == (5, 6, 4)


@pytest.mark.parametrize("limit", [1, 2, 9])
async def test_what_was_neither_pulled_nor_fetched_later_is_listed(
    database: MetadataDatabase, limit: int
) -> None:
    await fill(database)
    await pulled(database, (ALPINE, FIRST), at=77)
    first, second = (ALPINE, FIRST.digest, 77), (ALPINE, SECOND.digest, 20)
    sparse = (DEBIAN, SPARSE.digest, 30)
    assert names(await unused(database, 19, limit)) == set()
    assert names(await unused(database, 20, limit)) == {second}
    assert names(await unused(database, 76, limit)) == {second, sparse}
    assert names(await unused(database, 77, limit)) == {first, second, sparse}
    listed = await unused(database, 77, limit)
    assert [(each.name, each.digest) for each in listed] == sorted(
        (each.name, each.digest) for each in listed
    )


@pytest.mark.parametrize(
    ("size", "cutoff"), [(1111, None), (1110, 10), (1011, 10), (1010, 20), (1, 20), (0, 20)]
)
async def test_a_blob_is_as_young_as_its_youngest_manifest(
    database: MetadataDatabase, size: int, cutoff: int | None
) -> None:
    await fill(database)
    _, parts = database.removal()
    # ONE (100 bytes) is needed by FIRST alone; the rest was used with SECOND.
    assert await parts.cached.cutoff("docker.io", size) == cutoff


async def test_a_pull_makes_what_it_pulled_the_last_to_go(database: MetadataDatabase) -> None:
    await fill(database)
    await pulled(database, (ALPINE, FIRST), at=77)
    _, parts = database.removal()
    assert await parts.cached.cutoff("docker.io", 1110) == 20
    assert await parts.cached.cutoff("docker.io", 1100) == 77


async def test_of_the_whole_registry_everything_counts(database: MetadataDatabase) -> None:
    _, parts = database.removal()
    assert await parts.cached.cutoff("", 0) is None
    await fill(database)
    assert await parts.cached.cutoff("", 1110) == 10


async def test_what_was_used_least_recently_comes_first(database: MetadataDatabase) -> None:
    await fill(database)
    await pulled(database, (ALPINE, FIRST), at=77)
    _, parts = database.removal()
    listed = await parts.cached.least_recent("docker.io", 2)
    assert [(each.digest, each.used_at) for each in listed] == [
        (SECOND.digest, 20),
        (SPARSE.digest, 30),
    ]
