"""There and back: Docker Registry serves an adopted directory again, and Entrepot after it."""

import asyncio
import os
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import Caller, Kind
from entrepot.ports.adoption import FindingKind
from entrepot.ports.metadata import Transaction
from entrepot.services.adoption import Outcome
from tests.unit.services.adoption.harness import Served, adopt_tree, content, database, findings
from tests.unit.services.adoption.tree import Content, RegistryTree

APP = RepositoryName("app")


@pytest.fixture
def tree(tmp_path: Path) -> RegistryTree:
    """One image, `app:v1`, in a directory that was adopted."""
    tree = RegistryTree(tmp_path)
    push(tree, "v1", b"first")
    adopt_tree(tmp_path)
    return tree


ALICE = Caller("alice", Kind.USER)


def push(tree: RegistryTree, tag: str, layer: bytes, name: str = "app") -> Content:
    """Push an image to Docker Registry."""
    config = tree.blob(name, b"{}") if not tree.layer_link(name, EMPTY).exists() else CONFIG
    image = tree.image(name, config, [tree.blob(name, layer)])
    tree.tag(name, tag, image)
    return image


CONFIG = Content(Digest.of(b"{}"), 2)
EMPTY = CONFIG.digest


def here(root: Path, change: Callable[[Transaction, int], Awaitable[None]]) -> None:
    """Change something in Entrepot, as it ran meanwhile."""

    async def run() -> None:
        metadata = SqlMetadata(SqliteDatabase(database(root)))

        async def work(transaction: Transaction) -> None:
            number = await transaction.find_repository(APP)
            assert number is not None
            await change(transaction, number)

        try:
            await metadata.change(work)
        finally:
            metadata.close()

    asyncio.run(run())


def now() -> int:
    return time.time_ns() // 1000


def test_what_was_pushed_to_docker_registry_since_is_taken_at_the_next_start(
    tree: RegistryTree,
) -> None:
    second = push(tree, "v2", b"second")
    third = push(tree, "v1", b"third", "other/app")
    report = adopt_tree(tree.root)
    assert report.outcome is Outcome.UPDATED
    counts = report.counts
    assert (counts.repositories, counts.tags, counts.manifests) == (1, 2, 2)
    served = Served(tree.root)
    for name, tag, image in (("app", "v2", second), ("other/app", "v1", third)):
        found = served.manifest(name, tag)
        assert found is not None
        assert found.digest == image.digest
    assert served.blob("app", Digest.of(b"second")) is not None
    assert adopt_tree(tree.root).outcome is Outcome.ADOPTED_BEFORE


def test_a_tag_that_was_moved_there_since_is_moved_here(tree: RegistryTree) -> None:
    second = push(tree, "v1", b"second")
    adopt_tree(tree.root)
    found = Served(tree.root).manifest("app", "v1")
    assert found is not None
    assert found.digest == second.digest


def test_a_tag_that_is_pushed_again_wins_over_where_it_was_moved_here(tree: RegistryTree) -> None:
    first = Served(tree.root).manifest("app", "v1")
    assert first is not None
    second = push(tree, "v2", b"second")
    adopt_tree(tree.root)

    async def move(transaction: Transaction, number: int) -> None:
        manifest = await transaction.find_manifest(number, Digest(second.digest))
        assert manifest is not None
        await transaction.move_tag(number, Tag("v1"), manifest, ALICE, now())

    here(tree.root, move)
    tree.tag("app", "v1", Content(first.digest, 0))
    adopt_tree(tree.root)
    found = Served(tree.root).manifest("app", "v1")
    assert found is not None
    assert found.digest == first.digest


def test_what_was_deleted_here_stays_deleted_when_something_else_changes(
    tree: RegistryTree,
) -> None:
    first = Served(tree.root).manifest("app", "v1")
    assert first is not None

    async def delete(transaction: Transaction, number: int) -> None:
        await transaction.delete_manifest(number, first.digest, ALICE, now())

    here(tree.root, delete)
    push(tree, "v2", b"second")
    adopt_tree(tree.root)
    assert Served(tree.root).tags("app") == ["v2"]
    assert Served(tree.root).manifest("app", first.digest) is None


def test_what_was_deleted_here_and_pushed_there_again_comes_back_with_its_blobs(
    tree: RegistryTree,
) -> None:
    first = Served(tree.root).manifest("app", "v1")
    assert first is not None
    layer = Digest.of(b"first")

    async def delete(transaction: Transaction, number: int) -> None:
        await transaction.delete_manifest(number, first.digest, ALICE, now())
        assert await transaction.unlink_blob(number, layer)
        assert await transaction.unlink_blob(number, Digest(CONFIG.digest))

    here(tree.root, delete)
    # The blobs' links are there already, so Docker Registry leaves them as they are.
    tree.revision_link("app", first.digest).write_text(first.digest)
    tree.tag("app", "v1", Content(first.digest, 0))
    report = adopt_tree(tree.root)
    assert report.problems == 0
    served = Served(tree.root)
    assert served.manifest("app", "v1") is not None
    assert served.blob("app", layer) is not None


def test_an_index_that_was_pushed_since_brings_the_images_that_it_lists(
    tree: RegistryTree,
) -> None:
    first = Served(tree.root).manifest("app", "v1")
    assert first is not None

    async def delete(transaction: Transaction, number: int) -> None:
        await transaction.delete_manifest(number, first.digest, ALICE, now())

    here(tree.root, delete)
    child = Content(first.digest, len(first.payload)).descriptor(first.media_type)
    tree.tag("app", "all", tree.index("app", [child]))
    assert adopt_tree(tree.root).findings == ()
    assert Served(tree.root).manifest("app", first.digest) is not None
    assert Served(tree.root).tags("app") == ["all"]


def test_a_manifest_that_docker_registry_has_deleted_is_deleted_here(tree: RegistryTree) -> None:
    second = push(tree, "v2", b"second")
    adopt_tree(tree.root)
    tree.revision_link("app", second.digest).unlink()
    shutil.rmtree(tree.tag_folder("app", "v2"))
    report = adopt_tree(tree.root)
    assert (report.outcome, report.problems) == (Outcome.UPDATED, 0)
    assert Served(tree.root).tags("app") == ["v1"]
    assert Served(tree.root).manifest("app", second.digest) is None
    (told,) = findings(tree.root, FindingKind.DELETED_MANIFEST)
    assert (told.repository, told.reference) == ("app", second.digest)


def test_a_tag_that_docker_registry_has_deleted_is_deleted_here(tree: RegistryTree) -> None:
    push(tree, "v2", b"second")
    adopt_tree(tree.root)
    shutil.rmtree(tree.tag_folder("app", "v2"))
    adopt_tree(tree.root)
    assert Served(tree.root).tags("app") == ["v1"]
    assert [one.reference for one in findings(tree.root, FindingKind.DELETED_TAG)] == ["v2"]


def test_what_was_pushed_here_is_not_deleted_for_what_is_missing_there(tree: RegistryTree) -> None:
    first = Served(tree.root).manifest("app", "v1")
    assert first is not None

    async def pushed(transaction: Transaction, number: int) -> None:
        manifest = await transaction.find_manifest(number, first.digest)
        assert manifest is not None
        await transaction.move_tag(number, Tag("here"), manifest, ALICE, now())
        await transaction.move_tag(number, Tag("v1"), manifest, ALICE, now())

    here(tree.root, pushed)
    shutil.rmtree(tree.tag_folder("app", "v1"))
    push(tree, "v2", b"second")
    adopt_tree(tree.root)
    assert Served(tree.root).tags("app") == ["here", "v1", "v2"]


def test_a_link_that_was_lost_in_a_crash_deletes_nothing(tree: RegistryTree) -> None:
    (tree.tag_folder("app", "v1") / "current/link").write_text("")
    assert adopt_tree(tree.root).outcome is Outcome.UPDATED
    assert Served(tree.root).tags("app") == ["v1"]


@pytest.mark.parametrize("part", ["", "/app", "/app/_manifests", "/app/_manifests/tags"])
def test_links_that_somebody_removed_by_hand_delete_nothing(tree: RegistryTree, part: str) -> None:
    """The tree of links is of no use to Entrepot: some will remove it."""
    shutil.rmtree(f"{tree.registry}/repositories{part}")
    report = adopt_tree(tree.root)
    assert report.outcome is Outcome.UPDATED
    assert Served(tree.root).tags("app") == ["v1"]
    gone = [one.reference for one in findings(tree.root, FindingKind.GONE_REPOSITORY)]
    assert gone == (["app"] if part in ("", "/app") else [])
    assert adopt_tree(tree.root).outcome is Outcome.ADOPTED_BEFORE


def test_bytes_that_docker_registrys_collector_took_are_not_served(tree: RegistryTree) -> None:
    layer = Digest.of(b"first")
    shutil.rmtree(tree.data(layer).parent)
    push(tree, "v2", b"second")
    assert adopt_tree(tree.root).problems == 1
    assert [one.reference for one in findings(tree.root, FindingKind.LOST_BLOB)] == [layer]
    blob = Served(tree.root).blob("app", layer)
    assert blob is not None
    assert blob.quarantined


def test_bytes_that_are_pushed_to_docker_registry_again_are_served_again(
    tree: RegistryTree,
) -> None:
    layer = Digest.of(b"first")
    shutil.rmtree(tree.data(layer).parent)
    push(tree, "v2", b"second")
    adopt_tree(tree.root)
    push(tree, "v1", b"first")
    adopt_tree(tree.root)
    blob = Served(tree.root).blob("app", layer)
    assert blob is not None
    assert not blob.quarantined


def test_a_copy_that_lost_the_times_brings_nothing_back(tree: RegistryTree) -> None:
    push(tree, "v2", b"second")
    adopt_tree(tree.root)

    async def delete(transaction: Transaction, number: int) -> None:
        assert await transaction.delete_tag(number, Tag("v1"), ALICE, now())

    here(tree.root, delete)
    for path in tree.registry.rglob("*"):
        os.utime(path)
    report = adopt_tree(tree.root)
    assert report.outcome is Outcome.UPDATED
    assert Served(tree.root).tags("app") == ["v2"]
    assert [one.reference for one in findings(tree.root)] == ["app"]
    assert adopt_tree(tree.root).outcome is Outcome.ADOPTED_BEFORE


def test_a_directory_that_an_older_version_adopted_is_read_once_for_what_is_newer(
    tree: RegistryTree,
) -> None:
    first = Served(tree.root).manifest("app", "v1")
    assert first is not None

    async def delete(transaction: Transaction, number: int) -> None:
        await transaction.delete_manifest(number, first.digest, ALICE, now())

    here(tree.root, delete)
    connection = sqlite3.connect(database(tree.root))
    connection.execute("DELETE FROM adopted_trees")
    connection.commit()
    connection.close()
    push(tree, "v2", b"second")
    assert adopt_tree(tree.root).outcome is Outcome.UPDATED
    assert Served(tree.root).tags("app") == ["v2"]
    assert adopt_tree(tree.root).outcome is Outcome.ADOPTED_BEFORE


def test_killed_in_between_the_next_start_takes_the_rest(tree: RegistryTree) -> None:
    for number in range(3):
        push(tree, "v1", b"layer", f"more/{number}")

    class Killed(Exception):
        pass

    def die(progress: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        adopt_tree(tree.root, progress=die)
    assert adopt_tree(tree.root).outcome is Outcome.UPDATED
    assert Served(tree.root).repositories() == ["app", "more/0", "more/1", "more/2"]


def test_adopting_twice_is_the_same_as_adopting_all_at_once(tmp_path: Path) -> None:
    step, whole = RegistryTree(tmp_path / "step"), RegistryTree(tmp_path / "whole")
    images = [
        ("app", "v1", b"one"),
        ("app", "v2", b"two"),
        ("app", "v1", b"three"),
        ("b", "x", b""),
    ]
    for name, tag, layer in images:
        push(step, tag, layer, name)
        adopt_tree(step.root)
    shutil.copytree(step.registry, whole.registry)
    adopt_tree(whole.root)
    found, wanted = content(step.root), content(whole.root)
    assert found["adoption_findings"] == []
    for table in ("repositories", "repository_blobs", "manifests", "manifest_edges", "tags"):
        assert found[table] == wanted[table], table
    assert {row[:3] for row in found["blobs"]} == {row[:3] for row in wanted["blobs"]}
