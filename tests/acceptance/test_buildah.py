"""buildah: images of several platforms, and layers cached in the registry."""

from pathlib import Path

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.images import context
from tests.acceptance.harness.registry import Registry

INDEX = "application/vnd.oci.image.index.v1+json"
CACHED = """\
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "cat /proc/sys/kernel/random/uuid > /made"]
"""


def test_an_index_is_pushed_with_all_its_platforms(
    tools: ContainerTools, registry: Registry, tmp_path: Path
) -> None:
    platforms = ("linux/amd64", "linux/arm64", "linux/s390x")
    tools.buildah(
        "bud",
        "--isolation=chroot",
        f"--platform={','.join(platforms)}",
        "--manifest=several",
        context(tmp_path),
    )
    target = f"docker://{registry.address}/buildah/several:1"
    tools.buildah("manifest", "push", INSECURE, "--all", "--format=oci", "several", target)

    stored = registry.wire.manifest("buildah/several", "1")
    assert stored.headers["content-type"] == INDEX
    children = stored.json()["manifests"]
    found = {f"linux/{child['platform']['architecture']}" for child in children}
    assert found == set(platforms)
    for child in children:
        manifest = registry.wire.manifest("buildah/several", child["digest"])
        assert manifest.digest == child["digest"]
        for layer in manifest.json()["layers"]:
            assert registry.wire.blob("buildah/several", layer["digest"]).digest == layer["digest"]


def made(tools: ContainerTools, image: str) -> str:
    container = tools.buildah("from", image).strip()
    try:
        return tools.buildah("run", "--isolation=chroot", container, "/bin/busybox", "cat", "/made")
    finally:
        tools.buildah("rm", container)


def test_layers_are_cached_in_the_registry(
    tools: ContainerTools, registry: Registry, tmp_path: Path
) -> None:
    cache = f"{registry.address}/buildah/cache"
    directory = context(tmp_path, CACHED)
    build = ("--isolation=chroot", "--layers", INSECURE, f"--cache-from={cache}")
    tools.buildah("bud", *build, f"--cache-to={cache}", "--tag=first", directory)
    first = made(tools, "first")
    assert registry.wire.tags("buildah/cache"), "the cache holds layers under tags"
    tools.buildah("rmi", "--all", "--force")

    tools.buildah("bud", *build, "--tag=second", directory)
    assert made(tools, "second") == first
    tools.buildah("rmi", "--all", "--force")

    tools.buildah("bud", "--isolation=chroot", "--layers", "--tag=third", directory)
    assert made(tools, "third") != first
