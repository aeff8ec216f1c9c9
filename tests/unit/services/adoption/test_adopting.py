"""What Docker Registry served, Entrepot serves."""

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from entrepot.oci.media_type import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from entrepot.services.adoption import Outcome
from tests.unit.services.adoption.harness import Served, adopt_tree, content, findings
from tests.unit.services.adoption.tree import CONFIG, LAYER, RegistryTree, fingerprint

SECOND = 1_000_000


def test_an_image_is_served_by_tag_and_digest_byte_for_byte(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    config, layer = tree.blob("app", b"{}"), tree.blob("app", b"layer")
    image = tree.image("app", config, [layer])
    tree.tag("app", "latest", image)
    report = adopt_tree(tmp_path)
    assert (report.outcome, report.findings) == (Outcome.ADOPTED, ())
    counts = report.counts
    assert (counts.repositories, counts.manifests, counts.tags, counts.blobs) == (1, 1, 1, 2)
    assert counts.blob_bytes == config.size + layer.size
    served = Served(tmp_path)
    for reference in ("latest", image.digest):
        manifest = served.manifest("app", reference)
        assert manifest is not None
        assert manifest.payload == tree.data(image.digest).read_bytes()
        assert (manifest.digest, manifest.media_type) == (image.digest, OCI_MANIFEST)
    for blob in (config, layer):
        stored = served.blob("app", blob.digest)
        assert stored is not None
        assert stored.size == blob.size
        assert tmp_path / stored.location == tree.data(blob.digest)


def test_a_manifest_that_says_no_media_type_is_served_as_what_it_looks_like(
    tmp_path: Path,
) -> None:
    tree = RegistryTree(tmp_path)
    config = tree.blob("app", b"{}").descriptor(CONFIG)
    image = tree.manifest("app", {"schemaVersion": 2, "config": config, "layers": []})
    child = image.descriptor(OCI_MANIFEST)
    index = tree.manifest("app", {"schemaVersion": 2, "manifests": [child]})
    docker = tree.manifest(
        "app",
        {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": []},
    )
    adopt_tree(tmp_path)
    served = Served(tmp_path)
    types = [served.manifest("app", one.digest) for one in (image, index, docker)]
    assert [one and one.media_type for one in types] == [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST]


def test_repositories_may_lie_inside_each_other(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    names = ["a", "a-b", "a/b", "a/b/c/d", "z/y"]
    for name in names:
        tree.tag(name, "v1", tree.image(name, tree.blob(name, b"{}"), []))
    adopt_tree(tmp_path)
    assert Served(tmp_path).repositories() == sorted(names)


def test_a_blob_is_served_only_through_repositories_that_link_it(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    blob = tree.blob("mine", b"secret")
    tree.blob("other", b"something else")
    adopt_tree(tmp_path)
    served = Served(tmp_path)
    assert served.blob("mine", blob.digest) is not None
    assert served.blob("other", blob.digest) is None


def test_a_blob_pushed_by_sha512_is_served_from_where_it_lies(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    alias = tree.alias("app", b"layer")
    image = tree.image("app", tree.blob("app", b"{}"), [alias])
    assert adopt_tree(tmp_path).findings == ()
    served = Served(tmp_path)
    stored = served.blob("app", alias.digest)
    assert stored is not None
    assert (tmp_path / stored.location).read_bytes() == b"layer"
    assert served.blob("app", f"sha256:{hashlib.sha256(b'layer').hexdigest()}") is not None
    assert served.manifest("app", image.digest) is not None


def test_what_was_deleted_stays_deleted_and_is_no_finding(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    blob = tree.blob("app", b"layer")
    image = tree.image("app", tree.blob("app", b"{}"), [])
    tree.layer_link("app", blob.digest).unlink()
    tree.revision_link("app", image.digest).unlink()
    assert adopt_tree(tmp_path).findings == ()
    served = Served(tmp_path)
    assert served.blob("app", blob.digest) is None
    assert served.manifest("app", image.digest) is None
    assert (served.exists("app"), served.tags("app"), served.repositories()) == (True, [], [])


def test_referrers_are_listed_by_subject_and_fallback_tags_stay_tags(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    config = tree.blob("app", b"{}")
    subject = tree.image("app", config, [])
    sbom = tree.image(
        "app",
        config,
        [],
        artifactType="application/spdx+json",
        subject=subject.descriptor(OCI_MANIFEST),
        annotations={"made": "by hand"},
    )
    fallback = subject.digest.replace(":", "-")
    tree.tag("app", fallback, tree.index("app", [sbom.descriptor(OCI_MANIFEST)]))
    adopt_tree(tmp_path)
    served = Served(tmp_path)
    (referrer,) = served.referrers("app", subject.digest)
    assert referrer.digest == sbom.digest
    assert referrer.artifact_type == "application/spdx+json"
    assert referrer.annotations == '{"made": "by hand"}'
    assert served.tags("app") == [fallback]
    with closing(sqlite3.connect(tmp_path / "entrepot" / "metadata.db")) as connection:
        (named,) = connection.execute("SELECT accessory_of FROM tags").fetchone()
    assert named == subject.digest


def test_a_manifest_that_was_linked_as_a_layer_is_found_by_its_tag(tmp_path: Path) -> None:
    """As Docker Registry 2.1.0 did, and later ones still read."""
    tree = RegistryTree(tmp_path)
    config = tree.blob("app", b"{}").descriptor(CONFIG)
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": []}
    image = tree.blob("app", json.dumps(document).encode())
    tree.tag("app", "old", image)
    assert adopt_tree(tmp_path).findings == ()
    manifest = Served(tmp_path).manifest("app", "old")
    assert manifest is not None
    assert manifest.digest == image.digest


def test_an_index_of_blobs_as_buildkit_writes_it_is_whole(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    tree.tag("cache", "main", tree.index("cache", [tree.blob("cache", b"x").descriptor(LAYER)]))
    assert adopt_tree(tmp_path).findings == ()
    assert Served(tmp_path).manifest("cache", "main") is not None


def test_foreign_layers_need_not_be_there(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    absent = tree.blob("elsewhere", b"windows")
    foreign = absent.descriptor(LAYER, urls=["https://example.com/layer"])
    restricted = absent.descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar")
    config = tree.blob("app", b"{}").descriptor(CONFIG)
    document = {"schemaVersion": 2, "config": config, "layers": [foreign, restricted]}
    tree.manifest("app", document)
    assert adopt_tree(tmp_path).findings == ()


def test_times_are_those_of_docker_registry(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    config = tree.blob("app", b"{}")
    image = tree.image("app", config, [])
    tree.tag("app", "v1", image)
    times = {
        tree.data(config.digest): 1_000,
        tree.layer_link("app", config.digest): 2_000,
        tree.revision_link("app", image.digest): 3_000,
        tree.tag_folder("app", "v1") / "current/link": 4_000,
    }
    for path, seconds in times.items():
        os.utime(path, (seconds, seconds))
    adopt_tree(tmp_path)
    rows = content(tmp_path)
    assert rows["blobs"][0][-1] == 1_000 * SECOND
    assert rows["repository_blobs"][0][-1] == 2_000 * SECOND
    assert rows["manifests"][0][-2] == 3_000 * SECOND
    assert rows["tags"][0][-1] == 4_000 * SECOND


def test_nothing_of_the_old_tree_changes(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    for number in range(20):
        name = f"team/app-{number}"
        tree.tag(name, "v1", tree.image(name, tree.blob(name, b"{}"), [tree.blob(name, b"x")]))
    tree.upload("team/app-1", "5f1c", b"half")
    before = fingerprint(tmp_path)
    adopt_tree(tmp_path, verified=True)
    assert fingerprint(tmp_path) == before


def test_more_than_a_batch_of_everything(tmp_path: Path) -> None:
    tree = RegistryTree(tmp_path)
    for number in range(600):
        image = tree.image("app", tree.blob("app", f"{number}".encode()), [])
        tree.tag("app", f"v{number}", image)
    report = adopt_tree(tmp_path)
    assert findings(tmp_path) == []
    counts = report.counts
    assert (counts.manifests, counts.tags, counts.blobs) == (600, 600, 600)
    assert len(content(tmp_path)["tags"]) == 600
