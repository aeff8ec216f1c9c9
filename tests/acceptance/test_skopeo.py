"""skopeo: copy --all, sync, delete, list-tags, inspect."""

import json
from pathlib import Path

import pytest

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.images import context
from tests.acceptance.harness.registry import Registry

FROM_HERE, TO_HERE = "--src-tls-verify=false", "--dest-tls-verify=false"


@pytest.fixture(scope="module")
def several(
    tools: ContainerTools, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A repository whose tag `1` is an index of two platforms."""
    directory = context(tmp_path_factory.mktemp("several"))
    platforms = "--platform=linux/amd64,linux/arm64"
    tools.buildah("bud", "--isolation=chroot", platforms, "--manifest=skopeo-source", directory)
    target = f"docker://{registry.address}/skopeo/source:1"
    tools.buildah("manifest", "push", INSECURE, "--all", "skopeo-source", target)
    return f"{registry.address}/skopeo/source"


def test_copy_all_keeps_every_byte(tools: ContainerTools, registry: Registry, several: str) -> None:
    copy = f"docker://{registry.address}/skopeo/copy:1"
    tools.skopeo("copy", "--all", FROM_HERE, TO_HERE, f"docker://{several}:1", copy)
    raw = [
        tools.skopeo("inspect", "--raw", INSECURE, reference)
        for reference in (f"docker://{several}:1", copy)
    ]
    assert raw[0] == raw[1]
    for child in json.loads(raw[0])["manifests"]:
        there = registry.wire.manifest("skopeo/copy", child["digest"])
        assert there.digest == child["digest"]


def test_inspect_and_list_tags(tools: ContainerTools, several: str) -> None:
    shown = json.loads(tools.skopeo("inspect", INSECURE, f"docker://{several}:1"))
    assert shown["Name"] == several
    assert shown["RepoTags"] == ["1"]
    assert json.loads(tools.skopeo("list-tags", INSECURE, f"docker://{several}"))["Tags"] == ["1"]


def test_sync_to_a_directory_and_back(
    tools: ContainerTools, registry: Registry, several: str, tmp_path: Path
) -> None:
    for tag in ("2", "3"):
        tools.skopeo(
            "copy",
            "--all",
            FROM_HERE,
            TO_HERE,
            f"docker://{several}:1",
            f"docker://{several}:{tag}",
        )
    out = ("sync", "--all", "--src=docker", "--dest=dir", FROM_HERE)
    tools.skopeo(*out, several, tmp_path)
    back = ("sync", "--all", "--src=dir", "--dest=docker", TO_HERE)
    tools.skopeo(*back, tmp_path, f"{registry.address}/skopeo/synced")
    assert sorted(registry.wire.tags("skopeo/synced/source")) == ["1", "2", "3"]
    synced = registry.wire.manifest("skopeo/synced/source", "2")
    assert synced.body == registry.wire.manifest("skopeo/source", "1").body


def test_a_deleted_image_is_gone(tools: ContainerTools, registry: Registry, several: str) -> None:
    doomed = f"docker://{registry.address}/skopeo/doomed"
    for tag in ("1", "same"):
        tools.skopeo(
            "copy", "--all", FROM_HERE, TO_HERE, f"docker://{several}:1", f"{doomed}:{tag}"
        )
    tools.skopeo("delete", INSECURE, f"{doomed}:1")
    for tag in ("1", "same"):
        said = tools.skopeo("inspect", "--raw", INSECURE, f"{doomed}:{tag}", expect=1)
        assert "manifest unknown" in said
    assert registry.wire.tags("skopeo/doomed") == []
    assert registry.wire.manifest("skopeo/source", "1").status == 200


def test_a_registry_that_forbids_deletion_says_so(
    tools: ContainerTools, several: str, tmp_path: Path
) -> None:
    settings = {"storage": {"delete": {"enabled": False}}}
    with Registry(tools.namespace, tmp_path / "data", port=5002, settings=settings) as kept:
        target = f"docker://{kept.address}/kept:1"
        tools.skopeo("copy", "--all", FROM_HERE, TO_HERE, f"docker://{several}:1", target)
        assert "unsupported" in tools.skopeo("delete", INSECURE, target, expect=1).lower()
        assert kept.wire.tags("kept") == ["1"]
