"""podman: build, push, pull, run, search of tags."""

import uuid
from pathlib import Path

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.images import HELLO, HELLO_DOCKERFILE, context
from tests.acceptance.harness.registry import Registry

LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")


def test_an_image_travels_with_podman(
    tools: ContainerTools, registry: Registry, tmp_path: Path
) -> None:
    name = f"{registry.address}/podman/hello"
    tools.podman("build", "--isolation=chroot", f"--tag={name}", context(tmp_path))
    for image_format in ("oci", "v2s2"):
        tagged = f"{name}:{image_format}"
        tools.podman("push", INSECURE, f"--format={image_format}", name, tagged)
        tools.podman("pull", INSECURE, tagged)
        said = tools.podman("run", "--rm", "--network=none", *LIMITS, tagged)
        assert HELLO in said
        tools.podman("rmi", tagged)
    assert sorted(registry.wire.tags("podman/hello")) == ["oci", "v2s2"]
    listed = tools.podman("search", INSECURE, "--list-tags", name)
    rows = [line.split() for line in listed.splitlines()[1:]]
    assert sorted(tag for _, tag in rows) == ["oci", "v2s2"]


def test_compressed_with_zstd(tools: ContainerTools, registry: Registry, tmp_path: Path) -> None:
    name = f"{registry.address}/podman/zstd"
    # A layer that was pushed before, with another compression, would be taken as it is.
    new = f"{HELLO_DOCKERFILE}# {uuid.uuid4()}\n".replace("COPY busybox", "COPY Dockerfile busybox")
    directory = context(tmp_path, new.replace(" /bin/busybox\n", " /bin/\n"))
    tools.podman("build", "--isolation=chroot", f"--tag={name}", directory)
    tools.podman("push", INSECURE, "--format=oci", "--compression-format=zstd", name)
    layers = registry.wire.manifest("podman/zstd", "latest").json()["layers"]
    assert {layer["mediaType"] for layer in layers} == {
        "application/vnd.oci.image.layer.v1.tar+zstd"
    }
    tools.podman("rmi", name)
    tools.podman("pull", INSECURE, name)
    assert HELLO in tools.podman("run", "--rm", "--network=none", *LIMITS, name)
