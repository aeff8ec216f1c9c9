"""A host with Docker on it, from nothing to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import context
from tests.acceptance.harness.namespace import Namespace


@contextmanager
def docker_host(
    root: Path, *, modern: bool = False, certificates: Path | None = None
) -> Iterator[Dockerd]:
    """Docker on a host of its own, with an image called hello-world.

    Args:
        root: Where all that belongs to it is kept; it must not exist.
        modern: Take the next Debian release's Docker, with containerd's image store.
        certificates: Its /etc/docker/certs.d; see `Dockerd`.
    """
    namespace = Namespace("h")
    try:
        engine = Dockerd(namespace, root, modern=modern, certificates=certificates)
        try:
            directory = context(root / "hello-world")
            engine.docker("build", "--quiet", "--tag", "hello-world", directory)
            yield engine
        finally:
            engine.stop()
    finally:
        namespace.delete()


def carry_image(name: str, source: Dockerd, target: Dockerd, work: Path) -> None:
    """Put an image of one engine into another, as a file and without a registry."""
    archive = work / "image.tar"
    source.docker("save", "--output", archive, name)
    target.docker("load", "--input", archive)
    archive.unlink()


def reachable_directory(directory: Path) -> Path:
    """Let every user through pytest's private directories to this one."""
    for parent in (directory, *directory.parents):
        if parent.stat().st_mode & 0o055 != 0o055:
            parent.chmod(0o755)
    return directory
