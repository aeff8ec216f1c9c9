"""Docker Registry's tree as it is read: nothing that is there is passed over in silence."""

import os
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.foreign import DockerRegistryTree
from entrepot.errors import StorageOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import Finding, FindingKind
from entrepot.ports.foreign import Link, TagLink
from tests.unit.services.adoption.tree import RegistryTree

APP = RepositoryName("app")


@pytest.fixture
def tree(tmp_path: Path) -> RegistryTree:
    return RegistryTree(tmp_path)


@pytest.fixture
def source(tree: RegistryTree) -> DockerRegistryTree:
    return DockerRegistryTree(tree.root)


def test_an_absent_tree_is_empty(source: DockerRegistryTree) -> None:
    assert list(source.repositories()) == []
    assert list(source.blobs()) == []
    assert list(source.layers(APP)) == []
    assert list(source.tags(APP)) == []
    assert list(source.uploads(APP)) == []
    assert not source.is_populated(APP)


def test_repositories_come_ordered_by_their_components(
    tree: RegistryTree, source: DockerRegistryTree
) -> None:
    for name in ("b", "a/b/c", "a-b", "a", "a/b"):
        tree.blob(name, b"x")
    names = [str(name) for name in source.repositories()]
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert names == ["a", "a/b", "a/b/c", "a-b", "b"]


def test_links_to_folders_are_followed_but_never_in_a_circle(
    tree: RegistryTree, source: DockerRegistryTree
) -> None:
    tree.blob("team/app", b"x")
    repositories = tree.registry / "repositories"
    (repositories / "team/circle").symlink_to(repositories)
    (repositories / "team/self").symlink_to(repositories / "team")
    (repositories / "moved").symlink_to(repositories / "team/app")
    assert list(source.repositories()) == ["moved", "team/app"]


def test_other_files_and_folders_are_not_looked_at(
    tree: RegistryTree, source: DockerRegistryTree
) -> None:
    tree.blob("app", b"x")
    (tree.registry / "repositories/README").write_text("a note")
    (tree.registry / "repositories/_trash/old/_layers").mkdir(parents=True)
    (tree.registry / "repositories/app/_layers/sha256/note").write_text("no folder")
    assert list(source.repositories()) == ["app"]
    assert len(list(source.layers(APP))) == 1


def test_links_carry_their_target_and_their_time(
    tree: RegistryTree, source: DockerRegistryTree
) -> None:
    blob = tree.alias("app", b"x")
    path = tree.layer_link("app", blob.digest)
    os.utime(path, ns=(0, 1_234_567_000))
    (link,) = [
        one
        for one in source.layers(APP)
        if isinstance(one, Link) and one.digest.algorithm == "sha512"
    ]
    assert link == Link(Digest(blob.digest), Digest.of(b"x"), 1_234_567)


def test_tags_carry_what_they_point_to(tree: RegistryTree, source: DockerRegistryTree) -> None:
    image = tree.image("app", tree.blob("app", b"{}"), [])
    tree.tag("app", "v1", image)
    os.utime(tree.tag_folder("app", "v1") / "current/link", ns=(0, 5_000))
    (tag,) = source.tags(APP)
    assert isinstance(tag, TagLink)
    assert (tag.tag, tag.target, tag.modified_at) == ("v1", image.digest, 5)


def test_an_upload_without_data_has_no_bytes(
    tree: RegistryTree, source: DockerRegistryTree
) -> None:
    (tree.registry / "repositories/app/_uploads/1234").mkdir(parents=True)
    (found,) = source.uploads(APP)
    detail = "0 bytes, begun at an unknown time"
    assert found == Finding(FindingKind.UNFINISHED_UPLOAD, "app", "1234", detail)


def test_a_payload_is_read_to_one_byte_over_the_limit(
    tree: RegistryTree, source: DockerRegistryTree
) -> None:
    digest = Digest(tree.blob("app", b"0123456789").digest)
    assert source.payload(digest, 10) == b"0123456789"
    assert source.payload(digest, 4) == b"01234"
    assert source.payload(Digest.of(b"absent"), 10) is None


def test_a_link_that_is_a_folder_stops_reading_with_its_name(
    tree: RegistryTree, source: DockerRegistryTree
) -> None:
    link = tree.layer_link("app", tree.blob("app", b"x").digest)
    link.unlink()
    link.mkdir()
    with pytest.raises(StorageOutage, match="/link: Is a directory"):
        list(source.layers(APP))


def test_a_chain_of_links_without_end_stops_reading(
    tree: RegistryTree, source: DockerRegistryTree
) -> None:
    link = tree.layer_link("app", tree.blob("app", b"x").digest)
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(StorageOutage, match="Too many levels"):
        list(source.layers(APP))
