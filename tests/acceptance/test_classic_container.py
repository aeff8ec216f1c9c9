"""The classic session again, with the registry as a container on a bind mount."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.classic import PULL_AND_RUN, PUSH
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.entrepot_image import IMAGE, entrepot_image
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.process import CommandError
from tests.acceptance.harness.stored import blobs
from tests.acceptance.harness.wire import Wire, wait_until_it_answers
from tests.acceptance.harness.workshop import carry_image, docker_host, reachable_directory

START = f"""
mkdir registry-data
chown 65532 registry-data
docker run -d -p 5000:5000 --restart=always --name registry \
    -v "$PWD/registry-data":/var/lib/registry {IMAGE}
"""
STOP = """
docker stop registry
docker rm -v registry
"""


@pytest.fixture(scope="module")
def machine(dockerd: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockerd]:
    """A host where nothing listens on port 5000, with Docker and the image of Entrepot."""
    root = tmp_path_factory.mktemp("machine")
    with docker_host(root / "engine") as engine:
        carry_image(entrepot_image(dockerd), dockerd, engine, root)
        yield engine


def test_a_container_on_a_bind_mount(machine: Dockerd, tmp_path: Path) -> None:
    home = reachable_directory(tmp_path)
    wire = Wire(machine.namespace, 5000)
    machine.shell(START, cwd=home)
    try:
        wait_until_it_answers(wire)
        assert wire.manifest("hello-world", "latest").status == 404
        machine.shell(PUSH)
        assert HELLO in machine.shell(PULL_AND_RUN)

        manifest = wire.manifest("hello-world", "latest").json()
        named = {one["digest"] for one in [manifest["config"], *manifest["layers"]]}
        assert named <= blobs(home / "registry-data")
    except (AssertionError, CommandError):
        print(machine.shell("docker logs registry 2>&1"))
        raise
    finally:
        machine.shell(STOP)
    assert named <= blobs(home / "registry-data")
