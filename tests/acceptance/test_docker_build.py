"""docker build with the BuildKit inside Debian's Docker: inline cache, kept in the registry."""

from pathlib import Path

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO, context
from tests.acceptance.harness.registry import Registry

DOCKERFILE = f"""\
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "cat /proc/sys/kernel/random/uuid > /made"]
CMD ["/bin/busybox", "echo", "{HELLO}"]
"""


def build(dockerd: Dockerd, *arguments: str | Path) -> str:
    return dockerd.run(
        ["docker", "build", "--progress=plain", "--network=none", *arguments],
        env={"DOCKER_BUILDKIT": "1"},
    )


def made(dockerd: Dockerd, name: str) -> str:
    return dockerd.docker(
        "run", "--rm", "--network=none", name, "/bin/busybox", "cat", "/made"
    ).strip()


def test_the_base_image_is_found_in_the_registry(
    dockerd: Dockerd, registry: Registry, tmp_path: Path
) -> None:
    base = f"{registry.address}/build/base"
    dockerd.docker("tag", "hello-world", base)
    dockerd.docker("push", base)
    dockerd.docker("rmi", base)
    name = f"{registry.address}/build/child"
    text = f'FROM {base}\nCMD ["/bin/busybox", "echo", "child"]\n'
    build(dockerd, "--tag", name, context(tmp_path, text))
    dockerd.docker("push", name)
    dockerd.docker("rmi", name)
    assert "child" in dockerd.docker("run", "--rm", "--network=none", name)


def test_an_inline_cache_saves_a_second_build(
    dockerd: Dockerd, registry: Registry, tmp_path: Path
) -> None:
    name = f"{registry.address}/build/inline"
    directory = context(tmp_path, DOCKERFILE)
    build(dockerd, "--build-arg=BUILDKIT_INLINE_CACHE=1", "--tag", name, directory)
    dockerd.docker("push", name)
    first = made(dockerd, name)
    dockerd.docker("rmi", name)
    dockerd.docker("builder", "prune", "--all", "--force")

    build(dockerd, f"--cache-from={name}", "--tag=cached", directory)
    assert made(dockerd, "cached") == first
