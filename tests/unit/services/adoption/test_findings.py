"""What Docker Registry did not serve, or is damaged, is told and not served."""

import json
from pathlib import Path

import pytest

from entrepot.errors import StorageOutage
from entrepot.oci.media_type import OCI_MANIFEST
from entrepot.ports.adoption import FindingKind
from entrepot.services.adoption import MEANINGS
from tests.unit.services.adoption.harness import Served, adopt_tree, findings
from tests.unit.services.adoption.tree import CONFIG, LAYER, Content, RegistryTree

GONE = "sha256:" + 64 * "a"


@pytest.fixture
def tree(tmp_path: Path) -> RegistryTree:
    return RegistryTree(tmp_path)


def push(tree: RegistryTree, name: str = "app", layer: bytes = b"layer") -> tuple[Content, Content]:
    """Push an image as `v1`; gives the manifest and its layer."""
    stored = tree.blob(name, layer)
    image = tree.image(name, tree.blob(name, b"{}"), [stored])
    tree.tag(name, "v1", image)
    return image, stored


def found(tree: RegistryTree) -> list[tuple[FindingKind, str, str]]:
    adopt_tree(tree.root)
    return [(one.kind, one.repository, one.reference) for one in findings(tree.root)]


def test_an_empty_link_is_not_followed(tree: RegistryTree) -> None:
    image, layer = push(tree)
    tree.layer_link("app", layer.digest).write_text("")
    tree.tag("app", "v2", image)
    (tree.tag_folder("app", "v2") / "current/link").write_text("")
    assert found(tree) == [
        (FindingKind.EMPTY_LINK, "app", layer.digest),
        (FindingKind.EMPTY_LINK, "app", "v2"),
        (FindingKind.UNLINKED_BLOB, "app", image.digest),
    ]
    assert Served(tree.root).blob("app", layer.digest) is None
    assert Served(tree.root).tags("app") == ["v1"]


def test_the_empty_link_of_a_manifest_takes_its_tags_with_it(tree: RegistryTree) -> None:
    image, _ = push(tree)
    tree.revision_link("app", image.digest).write_text("")
    assert found(tree) == [
        (FindingKind.DANGLING_TAG, "app", "v1"),
        (FindingKind.EMPTY_LINK, "app", image.digest),
    ]
    assert "empty-link" in findings(tree.root)[0].detail


def test_a_link_that_holds_no_digest_is_malformed(tree: RegistryTree) -> None:
    image, layer = push(tree)
    tree.layer_link("app", layer.digest).write_bytes(b"\xff\x00")
    (tree.tag_folder("app", "v1") / "current/link").write_text(image.digest + "\n")
    kinds = [(kind, reference) for kind, _, reference in found(tree)]
    assert (FindingKind.MALFORMED_LINK, layer.digest) in kinds
    assert (FindingKind.MALFORMED_LINK, "v1") in kinds


def test_a_link_to_other_bytes_is_malformed(tree: RegistryTree) -> None:
    layer, other = tree.blob("app", b"layer"), tree.blob("app", b"other")
    tree.layer_link("app", layer.digest).write_text(other.digest)
    assert found(tree) == [(FindingKind.MALFORMED_LINK, "app", layer.digest)]
    assert Served(tree.root).blob("app", layer.digest) is None


def test_a_blob_that_is_gone_leaves_a_note_and_the_manifest(tree: RegistryTree) -> None:
    image, layer = push(tree)
    tree.data(layer.digest).unlink()
    assert found(tree) == [
        (FindingKind.DANGLING_LAYER, "app", layer.digest),
        (FindingKind.MISSING_BLOB, "app", image.digest),
    ]
    assert Served(tree.root).manifest("app", "v1") is not None
    assert Served(tree.root).blob("app", layer.digest) is None


def test_a_blob_that_no_manifest_needs_may_be_gone(tree: RegistryTree) -> None:
    layer = tree.blob("app", b"collected long ago")
    tree.data(layer.digest).unlink()
    assert found(tree) == [(FindingKind.DANGLING_LAYER, "app", layer.digest)]
    assert not FindingKind.DANGLING_LAYER.is_problem


def test_a_blob_of_another_repository_is_not_linked(tree: RegistryTree) -> None:
    image, layer = push(tree)
    push(tree, "other")
    link = tree.layer_link("app", layer.digest)
    link.unlink()
    assert found(tree) == [(FindingKind.UNLINKED_BLOB, "app", image.digest)]
    assert Served(tree.root).blob("app", layer.digest) is None
    assert Served(tree.root).blob("other", layer.digest) is not None


@pytest.mark.parametrize("content", [b"", b"lay", b"layers"])
def test_a_blob_of_the_wrong_size_is_hashed_and_left_out(
    tree: RegistryTree, content: bytes
) -> None:
    push(tree, "before")
    image, layer = push(tree)
    tree.data(layer.digest).write_bytes(content)
    assert (FindingKind.DAMAGED_BLOB, "", layer.digest) in found(tree)
    served = Served(tree.root)
    assert served.blob("app", layer.digest) is None
    assert served.blob("before", layer.digest) is None
    assert (FindingKind.MISSING_BLOB, image.digest) in [
        (one.kind, one.reference) for one in findings(tree.root)
    ]


def test_a_manifest_that_gives_a_wrong_size_is_told_and_kept(tree: RegistryTree) -> None:
    layer = tree.blob("app", b"layer")
    image = tree.image("app", tree.blob("app", b"{}"), [Content(layer.digest, 99)])
    assert found(tree) == [(FindingKind.WRONG_SIZE, "app", image.digest)]
    assert Served(tree.root).blob("app", layer.digest) is not None
    assert Served(tree.root).manifest("app", image.digest) is not None


def test_the_empty_blob_is_whole(tree: RegistryTree) -> None:
    empty = tree.blob("app", b"")
    assert found(tree) == []
    assert Served(tree.root).blob("app", empty.digest) is not None


def test_a_manifest_whose_bytes_are_gone_or_damaged_is_not_served(tree: RegistryTree) -> None:
    gone, _ = push(tree, "gone")
    torn, _ = push(tree, "torn", b"another layer")
    tree.data(gone.digest).unlink()
    tree.data(torn.digest).write_bytes(tree.data(torn.digest).read_bytes()[:-1])
    assert found(tree) == [
        (FindingKind.DAMAGED_MANIFEST, "torn", torn.digest),
        (FindingKind.DANGLING_TAG, "gone", "v1"),
        (FindingKind.DANGLING_TAG, "torn", "v1"),
        (FindingKind.MISSING_PAYLOAD, "gone", gone.digest),
    ]
    assert Served(tree.root).manifest("torn", torn.digest) is None


def test_schema_1_is_not_served(tree: RegistryTree) -> None:
    old = tree.manifest(
        "app", {"schemaVersion": 1, "name": "app", "fsLayers": [], "signatures": []}
    )
    tree.tag("app", "2014", old)
    assert found(tree) == [
        (FindingKind.DANGLING_TAG, "app", "2014"),
        (FindingKind.SCHEMA_1, "app", old.digest),
    ]
    assert Served(tree.root).manifest("app", old.digest) is None


@pytest.mark.parametrize("payload", [b"no JSON", b"[]", b'{"schemaVersion": 3}', b" " * 5_000_000])
def test_a_manifest_that_cannot_be_read_is_refused(tree: RegistryTree, payload: bytes) -> None:
    broken = tree.manifest("app", payload)
    assert found(tree) == [(FindingKind.REFUSED_MANIFEST, "app", broken.digest)]


def test_an_unknown_media_type_is_kept_and_noted(tree: RegistryTree) -> None:
    media_type = "application/vnd.example.thing+json"
    layer = tree.blob("app", b"layer").descriptor(LAYER)
    thing = tree.manifest("app", {"mediaType": media_type, "blobs": [layer]})
    assert found(tree) == [(FindingKind.UNKNOWN_MEDIA_TYPE, "app", thing.digest)]
    manifest = Served(tree.root).manifest("app", thing.digest)
    assert manifest is not None
    assert manifest.media_type == media_type


def test_a_tag_without_its_manifest_is_left_out(tree: RegistryTree) -> None:
    push(tree)
    tree.tag("app", "lost", Content(GONE, 1))
    (tree.tag_folder("app", "nothing") / "index").mkdir(parents=True)
    assert found(tree) == [
        (FindingKind.DANGLING_TAG, "app", "lost"),
        (FindingKind.DANGLING_TAG, "app", "nothing"),
    ]
    assert Served(tree.root).tags("app") == ["v1"]


def test_an_index_that_lists_what_is_not_there_is_kept(tree: RegistryTree) -> None:
    image, _ = push(tree)
    children = [image.descriptor(OCI_MANIFEST), Content(GONE, 7).descriptor(OCI_MANIFEST)]
    index = tree.index("app", children)
    assert found(tree) == [(FindingKind.MISSING_CHILD, "app", index.digest)]
    assert GONE in findings(tree.root)[0].detail
    assert Served(tree.root).manifest("app", index.digest) is not None


def test_unreadable_names_are_told(tree: RegistryTree) -> None:
    push(tree, "Upper/Case")
    push(tree, "long/" + "a" * 251)
    image, _ = push(tree)
    tree.tag("app", "no tag", image)
    for folder in ("_layers/md5/0123", "_layers/sha256/xyz"):
        path = tree.registry / "repositories/app" / folder / "link"
        path.parent.mkdir(parents=True)
        path.write_text(GONE)
    assert {(kind, reference) for kind, _, reference in found(tree)} == {
        (FindingKind.UNREADABLE_NAME, "Upper/Case"),
        (FindingKind.UNREADABLE_NAME, "long/" + "a" * 251),
        (FindingKind.UNREADABLE_NAME, "no tag"),
        (FindingKind.UNREADABLE_NAME, "md5"),
        (FindingKind.UNREADABLE_NAME, "sha256:xyz"),
    }
    assert Served(tree.root).repositories() == ["app"]


def test_a_name_that_is_no_text_is_told(tree: RegistryTree) -> None:
    push(tree)
    folder = bytes(tree.registry / "repositories") + b"/\xff\xfe/_layers"
    Path(folder.decode("utf-8", "surrogateescape")).mkdir(parents=True)
    assert found(tree) == [(FindingKind.UNREADABLE_NAME, "", "\\udcff\\udcfe")]


def test_an_unfinished_upload_is_listed_and_left_alone(tree: RegistryTree) -> None:
    tree.upload("app", "0a1b", b"half")
    assert found(tree) == [(FindingKind.UNFINISHED_UPLOAD, "app", "0a1b")]
    assert findings(tree.root)[0].detail == "4 bytes, begun at 2024-05-06T07:08:09Z"
    assert not Served(tree.root).exists("app")
    assert (tree.registry / "repositories/app/_uploads/0a1b/data").read_bytes() == b"half"


def test_what_is_there_and_cannot_be_read_stops_adoption(tree: RegistryTree) -> None:
    _, layer = push(tree)
    link = tree.layer_link("app", layer.digest)
    link.unlink()
    link.mkdir()
    with pytest.raises(StorageOutage, match=f"cannot read .*{layer.digest[7:]}/link"):
        adopt_tree(tree.root)
    link.rmdir()
    link.write_text(layer.digest)
    assert adopt_tree(tree.root).findings == ()


def test_every_kind_is_explained_here_and_in_the_documentation() -> None:
    text = (Path(__file__).parents[4] / "docs/adopting.md").read_text("utf-8")
    for kind in FindingKind:
        assert MEANINGS[kind]
        assert f"`{kind}`" in text


def test_an_artifact_keeps_what_lists_of_referrers_show(tree: RegistryTree) -> None:
    config = tree.blob("app", b"{}").descriptor(CONFIG)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config,
        "layers": [],
        "subject": Content(GONE, 3).descriptor(OCI_MANIFEST),
    }
    artifact = tree.manifest("app", json.dumps(document, indent=1).encode())
    assert found(tree) == []
    (referrer,) = Served(tree.root).referrers("app", GONE)
    assert (referrer.digest, referrer.artifact_type) == (artifact.digest, CONFIG)
