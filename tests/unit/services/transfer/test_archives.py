"""Archives, whole and hostile ones: what is taken, and what is refused with a reason."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from tests.unit.services.check.harness import Damaged
from tests.unit.services.transfer.harness import elsewhere, take

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
APP = RepositoryName("team/app")
LAYER_1, LAYER_2 = b"the first layer's tar", b"the second layer's tar"


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def tar(path: Path, files: Mapping[str, bytes | tuple[bytes, str]], mode: str = "w") -> Path:
    """Write an archive; a pair is a link of a type to a name."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, tuple):
                member.type, member.linkname = content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def described(content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content), **more}


def config(*layers: bytes) -> bytes:
    digests = [sha256(layer) for layer in layers]
    return json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": digests}}).encode()


def docker_archive(
    *names: str, layers: tuple[bytes, ...] = (LAYER_1, LAYER_2)
) -> dict[str, bytes | tuple[bytes, str]]:
    """Give the files of an archive as `docker save` wrote it before OCI layouts."""
    settings = config(*layers)
    path = f"{sha256(settings).partition(':')[2]}.json"
    files: dict[str, bytes | tuple[bytes, str]] = {path: settings}
    entry = {"Config": path, "RepoTags": list(names) or None, "Layers": []}
    paths: list[str] = []
    for number, layer in enumerate(layers):
        paths.append(f"{number}/layer.tar")
        files[paths[-1]] = layer
    files["manifest.json"] = json.dumps([entry | {"Layers": paths}]).encode()
    return files


def layout(
    annotations: Mapping[str, str], media_type: str = OCI_MANIFEST
) -> dict[str, bytes | tuple[bytes, str]]:
    """Give the files of an OCI layout of one image."""
    settings = config(LAYER_1)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": described(settings, "application/vnd.oci.image.config.v1+json"),
        "layers": [described(LAYER_1, "application/vnd.oci.image.layer.v1.tar")],
    }
    manifest = json.dumps(document).encode()
    entry = described(manifest, media_type, annotations=dict(annotations))
    files: dict[str, bytes | tuple[bytes, str]] = {
        f"blobs/sha256/{sha256(one).partition(':')[2]}": one
        for one in (settings, LAYER_1, manifest)
    }
    files["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    return files


async def blob_bytes(other: Damaged, name: RepositoryName, digest: str) -> bytes:
    blob = await other.registry.metadata.blob(name, Digest(digest))
    assert blob is not None
    content = await other.registry.blobs.open(blob.location, blob.size)
    try:
        return b"".join([piece async for piece in content.read(0, blob.size)])
    finally:
        content.close()


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_of_docker_save_becomes_an_image(tmp_path: Path, mode: str) -> None:
    names = ("127.0.0.1:5000/team/app:1.0", "team/app:latest")
    path = tar(tmp_path / "save.tar", docker_archive(*names), mode)

    async def work(other: Damaged) -> None:
        report = await take(other.registry, path)
        assert report.failures == []
        assert (report.tags, report.manifests, report.repositories) == (2, 1, {APP})
        found = [
            await other.registry.metadata.manifest_by_tag(APP, Tag(tag))
            for tag in ("1.0", "latest")
        ]
        assert found[0] is not None
        assert found[0] == found[1]
        document = json.loads(found[0].payload)
        assert [layer["digest"] for layer in document["layers"]] == [
            sha256(LAYER_1),
            sha256(LAYER_2),
        ]
        assert await blob_bytes(other, APP, sha256(LAYER_2)) == LAYER_2
        assert await other.check(verify=True) == []

    elsewhere(work)


def test_the_same_archive_gives_the_same_manifest(tmp_path: Path) -> None:
    path = tar(tmp_path / "save.tar", docker_archive("team/app:1"))
    digests: list[str] = []

    async def work(other: Damaged) -> None:
        await take(other.registry, path)
        found = await other.registry.metadata.manifest_by_tag(APP, Tag("1"))
        assert found is not None
        digests.append(found.digest)

    elsewhere(work)
    elsewhere(work)
    assert digests[0] == digests[1]


def test_a_layer_that_is_a_link_to_another_is_found(tmp_path: Path) -> None:
    files = docker_archive("team/app:1", layers=(LAYER_1, LAYER_1))
    files["1/layer.tar"] = (tarfile.SYMTYPE, "../0/layer.tar")

    async def work(other: Damaged) -> None:
        report = await take(other.registry, tar(tmp_path / "save.tar", files))
        assert report.failures == []
        assert await other.registry.metadata.manifest_by_tag(APP, Tag("1")) is not None

    elsewhere(work)


@pytest.mark.parametrize(
    "link", ["/etc/passwd", "../../../../etc/passwd", "1/layer.tar", "nowhere"]
)
def test_a_link_that_leads_out_or_round_is_missing(tmp_path: Path, link: str) -> None:
    files = docker_archive("team/app:1")
    files["1/layer.tar"] = (tarfile.SYMTYPE, link)

    async def work(other: Damaged) -> None:
        report = await take(other.registry, tar(tmp_path / "save.tar", files))
        assert report.failures == [("team/app:1", "the archive lacks 1/layer.tar")]
        assert await other.registry.metadata.repositories("", 9) == []

    elsewhere(work)


def test_a_layer_that_the_configuration_does_not_mean_is_refused(tmp_path: Path) -> None:
    files = docker_archive("team/app:1")
    files["1/layer.tar"] = b"other bytes"

    async def work(other: Damaged) -> None:
        report = await take(other.registry, tar(tmp_path / "save.tar", files))
        ((name, why),) = report.failures
        assert name == "team/app:1"
        assert "1/layer.tar has other bytes than the configuration says" in why

    elsewhere(work)


def test_an_image_without_a_name_needs_one(tmp_path: Path) -> None:
    path = tar(tmp_path / "save.tar", docker_archive())

    async def work(other: Damaged) -> None:
        report = await take(other.registry, path)
        ((_, why),) = report.failures
        assert "--repository" in why
        named = await take(other.registry, path, "team/app")
        assert (named.failures, named.manifests) == ([], 1)

    elsewhere(work)


@pytest.mark.parametrize(
    "annotations",
    [
        {"org.opencontainers.image.ref.name": "team/app:1.0"},
        {
            "io.containerd.image.name": "docker.io/team/app:1.0",
            "org.opencontainers.image.ref.name": "1.0",
        },
    ],
)
def test_a_layout_in_a_tar_keeps_its_manifests(
    tmp_path: Path, annotations: Mapping[str, str]
) -> None:
    files = layout(annotations)

    async def work(other: Damaged) -> None:
        report = await take(other.registry, tar(tmp_path / "oci.tar", files))
        assert report.failures == []
        found = await other.registry.metadata.manifest_by_tag(APP, Tag("1.0"))
        assert found is not None
        encoded = found.digest.partition(":")[2]
        assert found.payload == files[f"blobs/sha256/{encoded}"]

    elsewhere(work)


def test_a_tag_alone_goes_where_it_is_told(tmp_path: Path) -> None:
    path = tar(tmp_path / "oci.tar", layout({"org.opencontainers.image.ref.name": "2.0"}))

    async def work(other: Damaged) -> None:
        assert "--repository" in (await take(other.registry, path)).failures[0][1]
        assert (await take(other.registry, path, "team/app")).failures == []
        assert await other.registry.metadata.tags(APP, "", 9) == ["2.0"]

    elsewhere(work)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("text", "not a descriptor"),
        ({"digest": "sha256:../../../../etc/passwd"}, "a digest"),
        ({"digest": "md5:" + "0" * 32}, "not supported"),
        ({}, "a digest"),
        ({"digest": "sha256:" + "0" * 64, "mediaType": OCI_MANIFEST}, "is not there"),
    ],
)
def test_entries_that_lead_nowhere_are_told(tmp_path: Path, entry: Any, said: str) -> None:
    files = layout({"org.opencontainers.image.ref.name": "team/app:1.0"})
    index = json.loads(files["index.json"])  # type: ignore[arg-type]
    index["manifests"].insert(0, entry)
    files["index.json"] = json.dumps(index).encode()

    async def work(other: Damaged) -> None:
        report = await take(other.registry, tar(tmp_path / "oci.tar", files), "team/app")
        ((_, why),) = report.failures
        assert said in why
        assert await other.registry.metadata.tags(APP, "", 9) == ["1.0"]  # the rest was taken

    elsewhere(work)


@pytest.mark.parametrize("index", [b"", b"[]", b"{}", b'{"manifests": 5}', b"\xff"])
def test_an_index_that_is_none_gives_nothing(tmp_path: Path, index: bytes) -> None:
    files = layout({}) | {"index.json": index}

    async def work(other: Damaged) -> None:
        report = await take(other.registry, tar(tmp_path / "oci.tar", files))
        assert report.manifests == 0
        assert await other.registry.metadata.repositories("", 9) == []

    elsewhere(work)


def test_indexes_inside_each_other_end_somewhere(tmp_path: Path) -> None:
    files = layout({})
    inner = json.loads(files["index.json"])["manifests"][0]  # type: ignore[arg-type]
    for _ in range(40):
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [inner]}
        payload = json.dumps(document).encode()
        files[f"blobs/sha256/{sha256(payload).partition(':')[2]}"] = payload
        inner = described(payload, OCI_INDEX)
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [inner]}).encode()

    async def work(other: Damaged) -> None:
        report = await take(other.registry, tar(tmp_path / "oci.tar", files), "team/app")
        ((_, why),) = report.failures
        assert "levels deep" in why

    elsewhere(work)
