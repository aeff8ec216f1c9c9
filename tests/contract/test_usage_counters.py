"""Counters of what lies where: they follow each change, and a recount finds what is wrong."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import ANONYMOUS
from entrepot.ports.metadata import Transaction
from entrepot.ports.usage import Used, UsedAround
from tests.contract.pushing import APP, OTHER, give_blobs, push, some_blob, some_image
from tests.contract.usages import USAGES, UsageDatabase, recounted, repaired

ALONE = RepositoryName("alone")
LARGE, SMALL = some_blob("x" * 1000), some_blob("y" * 10)
IMAGE = some_image("x" * 1000, "y" * 10, config="y" * 10)
SIZE = len(IMAGE.payload)


@pytest.fixture(params=USAGES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UsageDatabase]:
    database = USAGES[request.param](tmp_path)
    yield database
    database.close()


def used(database: UsageDatabase, name: RepositoryName) -> UsedAround:
    return asyncio.run(database.metadata.used(name))


async def _fill(database: UsageDatabase) -> None:
    """Give three repositories, two of one namespace, an image of the same blobs."""
    for name in (APP, OTHER, ALONE):
        await give_blobs(database.metadata, name, LARGE, SMALL)
        await push(database.metadata, name, IMAGE, tag="1")


def test_nothing_is_used_where_nothing_is(database: UsageDatabase) -> None:
    assert used(database, APP) == UsedAround()


def test_a_blob_counts_once_a_repository_once_a_namespace_and_once_in_all(
    database: UsageDatabase,
) -> None:
    asyncio.run(_fill(database))
    assert used(database, APP) == UsedAround(
        Used(1010 + SIZE, 1, 1), Used(1010 + 2 * SIZE, 2, 2), Used(1010 + 3 * SIZE, 3, 3)
    )
    assert used(database, ALONE).namespace == Used(1010 + SIZE, 1, 1)


def test_the_same_again_changes_nothing(database: UsageDatabase) -> None:
    asyncio.run(_fill(database))
    before = used(database, APP)
    asyncio.run(_fill(database))
    assert used(database, APP) == before


def test_what_goes_is_counted_no_longer(database: UsageDatabase) -> None:
    asyncio.run(_fill(database))

    async def take_away(transaction: Transaction) -> None:
        for name in (APP, OTHER, ALONE):
            repository = await transaction.repository(name, 1)
            await transaction.delete_manifest(repository, IMAGE.digest, ANONYMOUS, 1)
            for blob in (LARGE, SMALL):
                await transaction.unlink_blob(repository, blob.digest)

    asyncio.run(database.metadata.change(take_away))
    assert used(database, APP) == UsedAround()
    registry = asyncio.run(database.usage.registry())
    assert (registry.blob_bytes, registry.known_bytes) == (0, 1010)
    assert asyncio.run(recounted(database.recount)) == []


def test_a_transaction_sees_what_it_has_done_so_far(database: UsageDatabase) -> None:
    async def change(transaction: Transaction) -> list[Used]:
        seen = [(await transaction.used(APP)).repository]
        number = await transaction.repository(APP, 1)
        await transaction.keep_blob(LARGE, 1)
        await transaction.link_blob(number, LARGE.digest, 1)
        seen.append((await transaction.used(APP)).repository)
        manifest = await transaction.keep_manifest(number, IMAGE)
        await transaction.move_tag(number, Tag("1"), manifest, ANONYMOUS, 1)
        return [*seen, (await transaction.used(APP)).repository]

    assert asyncio.run(database.metadata.change(change)) == [
        Used(),
        Used(1000, 0, 0),
        Used(1000 + SIZE, 1, 1),
    ]


def test_bytes_are_ones_own_while_no_other_has_them(database: UsageDatabase) -> None:
    asyncio.run(give_blobs(database.metadata, APP, LARGE, SMALL))
    asyncio.run(give_blobs(database.metadata, OTHER, LARGE))
    rows = asyncio.run(database.usage.repositories("", 10))
    assert [(row.name, row.blob_bytes, row.exclusive_blob_bytes) for row in rows] == [
        (APP, 1010, 10),
        (OTHER, 1000, 0),
    ]
    namespaces = asyncio.run(database.usage.namespaces("", 10))
    assert [(row.name, row.blob_bytes, row.exclusive_blob_bytes) for row in namespaces] == [
        ("team", 1010, 1010)
    ]
    asyncio.run(give_blobs(database.metadata, ALONE, SMALL))
    namespaces = asyncio.run(database.usage.namespaces("", 10))
    assert [row.exclusive_blob_bytes for row in namespaces] == [0, 1000]


def test_what_manifests_refer_to_counts_each_time(database: UsageDatabase) -> None:
    asyncio.run(_fill(database))
    asyncio.run(push(database.metadata, APP, some_image("x" * 1000, config="y" * 10)))
    rows = asyncio.run(database.usage.repositories("", 10))
    assert [(row.name, row.referenced_bytes) for row in rows] == [
        (ALONE, 1020),
        (APP, 2030),
        (OTHER, 1020),
    ]
    namespaces = asyncio.run(database.usage.namespaces("", 10))
    assert [(row.name, row.referenced_bytes) for row in namespaces] == [
        (ALONE, 1020),
        ("team", 3050),
    ]


def test_pages_begin_behind_a_name(database: UsageDatabase) -> None:
    asyncio.run(_fill(database))
    assert [row.name for row in asyncio.run(database.usage.repositories(ALONE, 1))] == [APP]
    assert [row.name for row in asyncio.run(database.usage.namespaces(ALONE, 9))] == ["team"]


def test_a_namespace_goes_with_its_last_repository(database: UsageDatabase) -> None:
    asyncio.run(give_blobs(database.metadata, APP, LARGE))
    for table in ("repository_blobs", "repositories"):
        database.run(f"DELETE FROM {table}")
    assert asyncio.run(database.usage.namespaces("", 9)) == []
    assert asyncio.run(recounted(database.recount)) == []


DAMAGES = [
    "UPDATE repository_usage SET tags = tags + 1",
    "UPDATE repository_usage SET blob_bytes = 0 WHERE repository_id = 1",
    "UPDATE repository_usage SET exclusive_bytes = 7",
    "UPDATE repository_usage SET referenced_bytes = -1",
    "UPDATE repository_usage SET namespace_id = 77 WHERE repository_id = 2",
    "DELETE FROM repository_usage WHERE repository_id = 2",
    "DELETE FROM repository_usage",
    "INSERT INTO repository_usage (repository_id, namespace_id) VALUES (99, 1)",
    "UPDATE namespaces SET blobs = 9",
    "UPDATE namespaces SET names = 0",
    "DELETE FROM namespaces WHERE name = 'team'",
    "DELETE FROM namespaces",
    "INSERT INTO namespaces (name) VALUES ('nobody')",
    "UPDATE namespace_blobs SET repositories = 5 WHERE blob_id = 1",
    "DELETE FROM namespace_blobs",
    "INSERT INTO namespace_blobs VALUES (1, 55, 1)",
    "UPDATE registry_usage SET known_bytes = 1, tags = 9",
    "DELETE FROM registry_usage",
    "UPDATE blobs SET size = 3 WHERE id = 1",
    "DELETE FROM repository_blobs WHERE repository_id = 1",
    "DELETE FROM tags WHERE repository_id = 3",
    "DELETE FROM manifest_edges WHERE role = 'layer'",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_recount_finds_and_repairs(database: UsageDatabase, damage: str) -> None:
    asyncio.run(_fill(database))
    assert asyncio.run(recounted(database.recount)) == []
    database.damage(damage)
    found = asyncio.run(recounted(database.recount))
    assert found
    assert asyncio.run(repaired(database.recount))
    assert asyncio.run(recounted(database.recount)) == []


def test_a_difference_says_what_is_kept_and_what_there_is(database: UsageDatabase) -> None:
    asyncio.run(_fill(database))
    database.damage("UPDATE repository_usage SET tags = 5 WHERE repository_id = 1")
    first = asyncio.run(recounted(database.recount))[0]
    assert (first.scope, first.name, first.counter) == ("repository", APP, "tags")
    assert (first.kept, first.counted) == (5, 1)


def test_a_recount_goes_page_by_page(database: UsageDatabase) -> None:
    asyncio.run(_fill(database))
    database.damage("UPDATE repository_usage SET tags = 5")
    first = asyncio.run(database.recount.repositories(0, 2, repair=False))
    assert len(first.differences) == 2
    assert first.next == 2
    last = asyncio.run(database.recount.repositories(2, 2, repair=False))
    assert len(last.differences) == 1
    assert last.next is None
    blobs = asyncio.run(database.recount.shared_blobs(0, 1, repair=False))
    assert blobs.next == 1
