"""What tags have, what of it is their own, and what waits to be collected."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.oci.reference import Tag
from entrepot.ports.metadata import NewManifest, Transaction
from entrepot.ports.usage import Reclaimable, UsageRow
from tests.contract.pushing import (
    APP,
    OTHER,
    about,
    give_blobs,
    push,
    some_blob,
    some_image,
    some_index,
)
from tests.contract.usages import USAGES, UsageDatabase

CONFIG, BASE, ONE, TWO = "c" * 5, "b" * 1000, "1" * 100, "2" * 10
FIRST = some_image(BASE, ONE, config=CONFIG)
SECOND = some_image(BASE, TWO, config=CONFIG)
SIGNATURE = some_image(ONE, config=CONFIG, subject=about(FIRST))


@pytest.fixture(params=USAGES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UsageDatabase]:
    database = USAGES[request.param](tmp_path)
    for name in (APP, OTHER):
        blobs = [some_blob(text) for text in ((CONFIG, BASE, ONE, TWO) if name == APP else (BASE,))]
        asyncio.run(give_blobs(database.metadata, name, *blobs))
    yield database
    database.close()


def add(database: UsageDatabase, *manifests: NewManifest, tag: str | None = None) -> None:
    asyncio.run(push(database.metadata, APP, *manifests, tag=tag))


def usage(database: UsageDatabase) -> dict[str, UsageRow]:
    rows = asyncio.run(database.usage.repositories("", 9))
    number = next(row.id for row in rows if row.name == APP)
    return {row.name: row for row in asyncio.run(database.usage.tags(number, "", 9))}


def size(*manifests: NewManifest) -> int:
    return sum(len(manifest.payload) for manifest in manifests)


def test_a_tag_alone_has_what_its_image_has(database: UsageDatabase) -> None:
    add(database, FIRST, tag="1")
    row = usage(database)["1"]
    assert (row.manifests, row.blobs) == (1, 3)
    assert (row.blob_bytes, row.manifest_bytes) == (1105, size(FIRST))
    # The base is another repository's, too.
    assert (row.exclusive_blob_bytes, row.exclusive_manifest_bytes) == (105, size(FIRST))
    assert row.referenced_bytes == 1105


def test_what_two_tags_need_is_neither_ones_own(database: UsageDatabase) -> None:
    add(database, FIRST, tag="1")
    add(database, SECOND, tag="2")
    rows = usage(database)
    assert [rows[tag].exclusive_blob_bytes for tag in "12"] == [100, 10]
    assert [rows[tag].exclusive_manifest_bytes for tag in "12"] == [size(FIRST), size(SECOND)]


def test_two_tags_on_one_image_have_nothing_of_their_own(database: UsageDatabase) -> None:
    add(database, FIRST, tag="1")
    add(database, FIRST, tag="same")
    rows = usage(database)
    assert {row.exclusive for row in rows.values()} == {0}
    assert {row.bytes for row in rows.values()} == {1105 + size(FIRST)}


def test_an_index_has_its_images_and_a_child_with_a_tag_is_not_its_own(
    database: UsageDatabase,
) -> None:
    index = some_index(FIRST, SECOND)
    add(database, FIRST, tag="1")
    add(database, SECOND, index, tag="all")
    rows = usage(database)
    assert (rows["all"].manifests, rows["all"].blobs) == (3, 4)
    assert rows["all"].referenced_bytes == 1105 + 1015
    assert rows["all"].exclusive_manifest_bytes == size(SECOND, index)
    assert rows["all"].exclusive_blob_bytes == 10
    assert rows["1"].exclusive == 0  # the index holds its image


def test_an_image_that_an_untagged_index_holds_is_not_the_tags_own(
    database: UsageDatabase,
) -> None:
    add(database, FIRST, tag="1")
    add(database, some_index(FIRST))
    assert usage(database)["1"].exclusive == 0


def test_what_speaks_of_an_image_goes_with_its_tag(database: UsageDatabase) -> None:
    add(database, FIRST, tag="1")
    add(database, SIGNATURE)
    row = usage(database)["1"]
    assert row.manifests == 2
    assert row.exclusive_manifest_bytes == size(FIRST, SIGNATURE)
    assert row.exclusive_blob_bytes == 105


def test_a_layer_that_the_repository_does_not_have_is_named_but_not_had(
    database: UsageDatabase,
) -> None:
    add(database, some_image("absent" * 10, config=CONFIG), tag="1")
    row = usage(database)["1"]
    assert (row.blobs, row.blob_bytes, row.referenced_bytes) == (1, 5, 65)


def test_tags_come_in_pages(database: UsageDatabase) -> None:
    for tag in ("a", "b", "c"):
        add(database, FIRST, tag=tag)
    number = asyncio.run(database.usage.repositories("", 1))[0].id
    assert [row.name for row in asyncio.run(database.usage.tags(number, "a", 1))] == ["b"]


def test_what_no_manifest_needs_waits_to_be_collected(database: UsageDatabase) -> None:
    add(database, FIRST, tag="1")
    rows = {row.name: row for row in asyncio.run(database.usage.repositories("", 9))}
    assert (rows[APP].reclaimable, rows[OTHER].reclaimable) == (10, 1000)
    namespace = asyncio.run(database.usage.namespaces("", 9))[0]
    assert namespace.reclaimable == 1010
    # The base, which one repository does not need, is needed in the other.
    assert asyncio.run(database.usage.reclaimable()) == Reclaimable(10, 0, 0)


def test_blobs_of_nobody_and_doomed_files_wait_too(database: UsageDatabase) -> None:
    async def unlink(transaction: Transaction) -> None:
        number = await transaction.repository(APP, 1)
        await transaction.unlink_blob(number, some_blob(ONE).digest)

    asyncio.run(database.metadata.change(unlink))
    database.run("INSERT INTO doomed_bytes (location, digest, size) VALUES ('x', 'y', 7)")
    waiting = asyncio.run(database.usage.reclaimable())
    assert waiting == Reclaimable(unneeded=1015, unlinked=100, doomed=7)
    assert waiting.total == 1122


def test_a_repository_that_was_deleted_is_listed_no_more(database: UsageDatabase) -> None:
    database.run(
        f"UPDATE repositories SET name = name || '/@' || id, deleted_at = 1 WHERE name = '{APP}'"
    )
    assert [row.name for row in asyncio.run(database.usage.repositories("", 9))] == [OTHER]


def test_a_tag_that_moved_has_what_it_points_to(database: UsageDatabase) -> None:
    add(database, FIRST, tag="1")
    add(database, SECOND, tag="1")
    row = usage(database)[Tag("1")]
    assert row.manifest_bytes == size(SECOND)
    assert row.exclusive_blob_bytes == 10
