"""The container image: a user of its own, a read-only root, and Docker Registry's ways to start."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.entrepot_image import BASE, USER, entrepot_image
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.wire import Wire
from tests.waiting import PATIENCE

PORT = 5100
PROGRAM_BYTES = 110 * 1000 * 1000
"""What the image may add to its base; docs/deploying.md tells what it was when last measured."""

HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")
OTHER_PORT = "version: 0.1\nstorage: {inmemory: {}}\nhttp: {addr: ':5555'}\n"


@pytest.fixture(scope="module")
def image(dockerd: Dockerd) -> str:
    return entrepot_image(dockerd)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory for a bind mount, as docs/deploying.md says to prepare it."""
    directory = tmp_path / "data"
    directory.mkdir(mode=0o750)
    os.chown(directory, USER, USER)
    return directory


def test_it_serves_a_bind_mount_with_nothing_but_what_it_needs(
    dockerd: Dockerd, image: str, data: Path
) -> None:
    mount = (f"--publish=127.0.0.1:{PORT}:5000", f"--volume={data}:/var/lib/registry")
    name = f"127.0.0.1:{PORT}/team/hello"
    with container(dockerd, image, *HARDENED, *mount) as registry:
        _wait_for_health(dockerd, registry)
        dockerd.docker("tag", "hello-world", name)
        dockerd.docker("push", name)
        assert dockerd.docker("exec", registry, "id", "--user").strip() == str(USER)
        started = time.monotonic()
        dockerd.docker("stop", "--time=20", registry)
        assert time.monotonic() - started < 10
        assert _state(dockerd, registry)["ExitCode"] == 0, dockerd.docker("logs", registry)
    assert list(data.glob("docker/registry/v2/blobs/sha256/*/*/data"))
    with container(dockerd, image, *HARDENED, *mount) as registry:
        _wait_for_health(dockerd, registry)
        dockerd.docker("rmi", name)
        assert HELLO in dockerd.docker("run", "--rm", "--network=none", name)


def test_a_volume_belongs_to_its_user(dockerd: Dockerd, image: str) -> None:
    with container(dockerd, image, *HARDENED) as registry:
        _wait_for_health(dockerd, registry)
        listed = dockerd.docker("exec", registry, "stat", "--format=%u", "/var/lib/registry")
        assert listed.strip() == str(USER)


@pytest.mark.parametrize(
    "place", ["/etc/distribution/config.yml", "/etc/docker/registry/config.yml"]
)
@pytest.mark.parametrize("words", ["", "PLACE", "serve PLACE"])
def test_it_starts_as_the_images_of_docker_registry_do(
    dockerd: Dockerd, image: str, tmp_path: Path, place: str, words: str
) -> None:
    config = tmp_path / "config.yml"
    config.write_text(OTHER_PORT)
    mount = (f"--publish=127.0.0.1:{PORT}:5555", f"--volume={config}:{place}:ro")
    arguments = words.replace("PLACE", place).split()
    with container(dockerd, image, *mount, arguments=arguments) as registry:
        _wait_for_health(dockerd, registry)
        assert Wire(dockerd.namespace, PORT).request("GET", "/v2/").status == 200


def test_variables_override_the_file_of_the_image(dockerd: Dockerd, image: str) -> None:
    options = (f"--publish=127.0.0.1:{PORT}:5001", "--env=REGISTRY_HTTP_ADDR=0.0.0.0:5001")
    with container(dockerd, image, *options) as registry:
        _wait_for_health(dockerd, registry)
        assert Wire(dockerd.namespace, PORT).request("GET", "/v2/").status == 200


def test_the_health_check_notices_a_registry_that_does_not_answer(
    dockerd: Dockerd, image: str
) -> None:
    with container(dockerd, image) as registry:
        _wait_for_health(dockerd, registry)
        for line in dockerd.docker("top", registry, "-o", "pid").splitlines()[1:]:
            os.kill(int(line), signal.SIGSTOP)
        _wait_for_health(dockerd, registry, "unhealthy")


def test_a_directory_that_it_may_not_write_is_explained(
    dockerd: Dockerd, image: str, data: Path
) -> None:
    os.chown(data, 0, 0)
    mount = f"--volume={data}:/var/lib/registry"
    said = dockerd.refused("run", "--rm", mount, image)
    for word in ("/var/lib/registry", str(USER), "chown"):
        assert word in said, said
    assert "Traceback" not in said


def test_another_user_may_run_it(dockerd: Dockerd, image: str, data: Path) -> None:
    os.chown(data, 1234, 1234)
    mount = f"--volume={data}:/var/lib/registry"
    with container(dockerd, image, *HARDENED, mount, "--user=1234:1234") as registry:
        _wait_for_health(dockerd, registry)


def test_it_is_small(dockerd: Dockerd, image: str) -> None:
    sizes = [int(dockerd.docker("inspect", "--format={{.Size}}", one)) for one in (image, BASE)]
    assert sizes[0] - sizes[1] < PROGRAM_BYTES


@contextmanager
def container(
    dockerd: Dockerd, image: str, *options: str, arguments: list[str] | None = None
) -> Iterator[str]:
    """A running container whose health is looked at every second."""
    quick = ("--health-interval=1s", "--health-retries=2")
    started = dockerd.docker("run", "--detach", *quick, *options, image, *(arguments or [])).strip()
    try:
        yield started
    finally:
        dockerd.docker("rm", "--force", "--volumes", started)


def _state(dockerd: Dockerd, name: str) -> dict[str, object]:
    state: dict[str, object] = json.loads(
        dockerd.docker("inspect", "--format={{json .State}}", name)
    )
    return state


def _wait_for_health(dockerd: Dockerd, name: str, wanted: str = "healthy") -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        state = _state(dockerd, name)
        health = state["Health"]
        assert isinstance(health, dict)
        if health["Status"] == wanted:
            return
        if time.monotonic() > deadline or not state["Running"]:
            logs = dockerd.run(["bash", "-c", f"docker logs {name} 2>&1"])
            raise AssertionError(f"not {wanted}: {json.dumps(state, indent=1)}\n{logs}")
        time.sleep(0.3)
