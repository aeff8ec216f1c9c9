"""The classic session again, with the registry as a container on a bind mount."""

from pathlib import Path

from tests.acceptance.harness.classic import PULL_AND_RUN, PUSH
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.entrepot_image import IMAGE, entrepot_image
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.process import CommandError
from tests.acceptance.harness.stored import blobs
from tests.acceptance.harness.wire import Wire, wait_until_it_answers
from tests.acceptance.harness.workshop import reachable_directory

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


def test_a_container_on_a_bind_mount(dockerd: Dockerd, tmp_path: Path) -> None:
    entrepot_image(dockerd)
    home = reachable_directory(tmp_path)
    wire = Wire(dockerd.namespace, 5000)
    dockerd.shell(START, cwd=home)
    try:
        wait_until_it_answers(wire)
        assert wire.manifest("hello-world", "latest").status == 404
        dockerd.shell(PUSH)
        assert HELLO in dockerd.shell(PULL_AND_RUN)

        manifest = wire.manifest("hello-world", "latest").json()
        named = {one["digest"] for one in [manifest["config"], *manifest["layers"]]}
        assert named <= blobs(home / "registry-data")
    except (AssertionError, CommandError):
        print(dockerd.shell("docker logs registry 2>&1"))
        raise
    finally:
        dockerd.shell(STOP)
    assert named <= blobs(home / "registry-data")
