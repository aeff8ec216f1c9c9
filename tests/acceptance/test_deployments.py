"""The compose file, the Swarm stack and the systemd unit of deploy/, each tried by its own tool."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.entrepot_image import entrepot_image
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.paths import CHECKOUT
from tests.acceptance.harness.process import run
from tests.acceptance.harness.wire import Wire
from tests.waiting import PATIENCE

DEPLOY = CHECKOUT / "deploy"
UNIT = DEPLOY / "entrepot.service"
PORT = 5200
MOST_EXPOSED = 15
"""In tenths; systemd calls up to 2.0 SAFE or OK. Raise it for a reason only."""


@pytest.fixture(scope="module")
def image(dockerd: Dockerd) -> str:
    return entrepot_image(dockerd)


@pytest.fixture
def swarm(dockerd: Dockerd) -> Iterator[Dockerd]:
    """A swarm of one node, which may run the registry."""
    dockerd.docker("swarm", "init", "--advertise-addr=127.0.0.1")
    node = dockerd.docker("node", "ls", "--quiet").strip()
    dockerd.docker("node", "update", "--label-add=registry=true", node)
    yield dockerd
    dockerd.docker("swarm", "leave", "--force")


def test_the_compose_file_runs_a_registry(dockerd: Dockerd, image: str, tmp_path: Path) -> None:
    compose = ["docker-compose", "--project-name=try", f"--file={DEPLOY / 'docker-compose.yml'}"]
    env = {"ENTREPOT_LISTEN": f"127.0.0.1:{PORT}"}
    assert f"image: {image}\n" in dockerd.run([*compose, "config"], env=env)
    try:
        dockerd.run([*compose, "up", "--detach", "--no-build"], env=env)
        _push_and_run(dockerd, PORT)
        dockerd.run([*compose, "restart"], env=env)
        _wait(dockerd, PORT)
        assert Wire(dockerd.namespace, PORT).tags("hello") == ["latest"]
    finally:
        dockerd.run([*compose, "down", "--volumes"], env=env)


def test_the_stack_runs_a_registry_for_a_swarm(swarm: Dockerd, image: str) -> None:
    # The kernel of a test machine may lack IP_VS, without which ingress carries no traffic.
    env = {"ENTREPOT_PORT": str(PORT + 1), "ENTREPOT_PUBLISH_MODE": "host"}
    deploy = ["docker", "stack", "deploy", "--resolve-image=never"]
    swarm.run([*deploy, f"--compose-file={DEPLOY / 'stack.yml'}", "registry"], env=env)
    try:
        _push_and_run(swarm, PORT + 1)
        _wait_for_service(swarm, f"registry_registry {image}:latest 1/1")
    finally:
        swarm.docker("stack", "rm", "registry")
        _remove_volume(swarm, "registry_data")


def test_the_classic_service_runs_a_registry(swarm: Dockerd, image: str) -> None:
    published = f"--publish=published={PORT + 2},target=5000,mode=host"
    swarm.docker("service", "create", "--quiet", "--name=registry", published, image)
    try:
        _push_and_run(swarm, PORT + 2)
    finally:
        swarm.docker("service", "rm", "registry")


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    # The same unit for a program that is there: its place is looked at, too.
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/entrepot/", f"{CHECKOUT}/"))
    said = run(["bash", "-c", f"systemd-analyze verify {unit} 2>&1"])
    assert said == ""


def test_the_unit_is_hardened() -> None:
    checked = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}"]
    said = run([*checked, "--no-pager", UNIT])
    assert re.search(r"Overall exposure level for entrepot\.service: \d\.\d", said)


def _push_and_run(dockerd: Dockerd, port: int) -> None:
    _wait(dockerd, port)
    name = f"127.0.0.1:{port}/hello"
    dockerd.docker("tag", "hello-world", name)
    dockerd.docker("push", name)
    dockerd.docker("rmi", name)
    assert HELLO in dockerd.docker("run", "--rm", "--network=none", name)


def _wait(dockerd: Dockerd, port: int) -> None:
    wire = Wire(dockerd.namespace, port)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            assert wire.request("GET", "/v2/").status == 200
        except OSError as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"no answer on port {port}\n{_story(dockerd)}") from error
            time.sleep(0.2)
        else:
            return


def _wait_for_service(swarm: Dockerd, wanted: str) -> None:
    """Wait until Swarm counts the service as running: its container is healthy then."""
    deadline = time.monotonic() + PATIENCE
    listing = ("service", "ls", "--format={{.Name}} {{.Image}} {{.Replicas}}")
    while (listed := swarm.docker(*listing).strip()) != wanted:
        assert time.monotonic() < deadline, f"{listed}\n{_story(swarm)}"
        time.sleep(0.5)


def _story(dockerd: Dockerd) -> str:
    """What every container of the engine did and said."""
    listed = dockerd.docker("ps", "--all")
    names = dockerd.docker("ps", "--all", "--quiet").split()
    logs = [dockerd.run(["bash", "-c", f"docker logs {name} 2>&1"]) for name in names]
    return "\n".join([listed, *logs])


def _remove_volume(dockerd: Dockerd, name: str) -> None:
    """Remove a volume as soon as the last task that had it has gone."""
    deadline = time.monotonic() + PATIENCE
    while dockerd.run(["docker", "volume", "rm", name], expect=None).strip() != name:
        assert time.monotonic() < deadline, _story(dockerd)
        time.sleep(0.5)
