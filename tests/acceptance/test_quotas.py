"""Quotas as clients show them: the reason is printed, and nothing is tried for ever."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import context, incompressible
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.registry import Registry

MIB = 1024 * 1024
PATIENCE = 60
SETTINGS = {
    "quotas": {
        "namespaces": [{"match": ["crowded"], "repositories": 1}],
        "repositories": [
            {"match": ["small/**"], "bytes": "20MiB"},
            {"match": ["tags/**"], "tags": 2},
        ],
    }
}


@pytest.fixture(scope="module")
def limited(host: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(
        host, tmp_path_factory.mktemp("quotas") / "data", port=5090, settings=SETTINGS
    ) as running:
        yield running


def big_image(directory: Path, size: int, seed: str) -> Path:
    context(directory, "FROM scratch\nCOPY busybox /bin/busybox\nCOPY big /big\n")
    incompressible(directory / "big", size, seed)
    return directory


def test_docker_says_why_a_large_layer_is_refused_and_goes_on_when_it_fits(
    dockerd: Dockerd, limited: Registry, tmp_path: Path
) -> None:
    name = f"{limited.address}/small/docker"
    dockerd.docker("build", "--quiet", "--tag", name, big_image(tmp_path / "b", 48 * MIB, "big"))
    began = time.monotonic()
    said = dockerd.refused("push", name)
    assert time.monotonic() - began < PATIENCE
    assert "denied: the quota of repository small/docker is 20 MiB" in said
    assert "wanted; delete images that are not needed" in said
    dockerd.docker("build", "--quiet", "--tag", name, big_image(tmp_path / "s", 12 * MIB, "fits"))
    dockerd.docker("push", name)
    dockerd.docker("push", name)  # it costs nothing a second time


def test_docker_says_why_a_tag_or_a_repository_is_refused(
    dockerd: Dockerd, limited: Registry
) -> None:
    for tag in ("one", "two"):
        dockerd.docker("tag", "hello-world", f"{limited.address}/tags/app:{tag}")
        dockerd.docker("push", f"{limited.address}/tags/app:{tag}")
    dockerd.docker("tag", "hello-world", f"{limited.address}/tags/app:three")
    said = dockerd.refused("push", f"{limited.address}/tags/app:three")
    assert "denied: the quota of repository tags/app is 2 tags: 2 used, 1 more wanted" in said

    for repository in ("first", "second"):
        dockerd.docker("tag", "hello-world", f"{limited.address}/crowded/{repository}")
    dockerd.docker("push", f"{limited.address}/crowded/first")
    said = dockerd.refused("push", f"{limited.address}/crowded/second")
    assert "denied: the quota of namespace crowded is 1 repository: 1 used" in said


def test_podman_says_why_a_large_layer_is_refused(
    tools: ContainerTools, limited: Registry, tmp_path: Path
) -> None:
    name = f"{limited.address}/small/podman"
    directory = big_image(tmp_path / "p", 48 * MIB, "podman")
    tools.podman("build", "--isolation=chroot", f"--tag={name}", directory)
    began = time.monotonic()
    said = tools.run(
        [
            "podman",
            "--cgroup-manager=cgroupfs",
            "--events-backend=file",
            "--runtime=runc",
            "push",
            INSECURE,
            name,
        ],
        expect=125,
    )
    assert time.monotonic() - began < PATIENCE
    assert "the quota of repository small/podman is 20 MiB" in said
    assert limited.wire.manifest("small/podman", "latest").status == 404
