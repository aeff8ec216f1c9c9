"""A host with Docker on it, from nothing to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import context
from tests.acceptance.harness.namespace import Namespace


@contextmanager
def docker_host(root: Path, *, modern: bool = False) -> Iterator[Dockerd]:
    """Docker on a host of its own, with an image called hello-world.

    Args:
        root: Where all that belongs to it is kept; it must not exist.
        modern: Take the next Debian release's Docker, with containerd's image store.
    """
    namespace = Namespace("h")
    try:
        engine = Dockerd(namespace, root, modern=modern)
        try:
            directory = context(root / "hello-world")
            engine.docker("build", "--quiet", "--tag", "hello-world", directory)
            yield engine
        finally:
            engine.stop()
    finally:
        namespace.delete()
