"""The next Debian release's Docker: containerd's image store, buildx, a cache in the registry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO, context
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.workshop import docker_host

INDEX = "application/vnd.oci.image.index.v1+json"
DOCKERFILE = f"""\
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "cat /proc/sys/kernel/random/uuid > /made"]
CMD ["/bin/busybox", "echo", "{HELLO}"]
"""


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockerd]:
    """A host of its own: two engines on one host would take each other's bridge."""
    with docker_host(tmp_path_factory.mktemp("modern") / "engine", modern=True) as engine:
        yield engine


@pytest.fixture(scope="module")
def near(modern: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(modern.namespace, tmp_path_factory.mktemp("near") / "data") as running:
        yield running


def made(modern: Dockerd, name: str) -> str:
    return modern.docker(
        "run", "--rm", "--network=none", name, "/bin/busybox", "cat", "/made"
    ).strip()


def test_images_of_the_containerd_store(modern: Dockerd, near: Registry, tmp_path: Path) -> None:
    name = f"{near.address}/modern/hello"
    modern.docker("build", "--quiet", "--tag", name, context(tmp_path))
    modern.docker("push", name)
    modern.docker("rmi", name)
    modern.docker("pull", name)
    assert HELLO in modern.docker("run", "--rm", "--network=none", name)


def test_an_image_with_provenance_is_an_index_with_an_attestation(
    modern: Dockerd, near: Registry, tmp_path: Path
) -> None:
    name = f"{near.address}/modern/attested"
    modern.docker(
        "buildx", "build", "--provenance=mode=max", "--push", "--tag", name, context(tmp_path)
    )
    stored = near.wire.manifest("modern/attested", "latest")
    assert stored.headers["content-type"] == INDEX
    kinds = [
        child.get("annotations", {}).get("vnd.docker.reference.type")
        for child in stored.json()["manifests"]
    ]
    assert kinds == [None, "attestation-manifest"]


@pytest.mark.parametrize("image_manifest", ["false", "true"])
def test_a_registry_cache_saves_a_second_build(
    modern: Dockerd, near: Registry, tmp_path: Path, image_manifest: str
) -> None:
    cache = f"{near.address}/modern/cache:as-image-{image_manifest}"
    directory = context(tmp_path, DOCKERFILE)
    build = ["buildx", "build", "--load", "--network=none"]
    options = f"mode=max,oci-mediatypes=true,image-manifest={image_manifest}"
    modern.docker(
        *build, f"--cache-to=type=registry,ref={cache},{options}", "--tag=first", directory
    )
    first = made(modern, "first")
    modern.docker("rmi", "first")
    modern.docker("builder", "prune", "--all", "--force")

    modern.docker(*build, f"--cache-from=type=registry,ref={cache}", "--tag=second", directory)
    assert made(modern, "second") == first
    modern.docker("rmi", "second")
    modern.docker("builder", "prune", "--all", "--force")


def test_without_the_cache_the_second_build_differs(modern: Dockerd, tmp_path: Path) -> None:
    directory = context(tmp_path, DOCKERFILE)
    seen = set()
    for name in ("one", "two"):
        modern.docker("buildx", "build", "--load", "--network=none", f"--tag={name}", directory)
        seen.add(made(modern, name))
        modern.docker("rmi", name)
        modern.docker("builder", "prune", "--all", "--force")
    assert len(seen) == 2
