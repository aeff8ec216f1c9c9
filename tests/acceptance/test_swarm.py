"""A swarm of two nodes that both run a service from 127.0.0.1:5000, by digest."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.entrepot_image import IMAGE as IMAGE_OF_ENTREPOT
from tests.acceptance.harness.entrepot_image import entrepot_image
from tests.acceptance.harness.images import context
from tests.acceptance.harness.paths import CHECKOUT
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.swarm import Swarm
from tests.acceptance.harness.wire import Wire, wait_until_it_answers
from tests.acceptance.harness.workshop import carry_image
from tests.waiting import PATIENCE

IMAGE = "127.0.0.1:5000/hello-service"
SERVICE = """\
FROM scratch
COPY busybox /bin/busybox
CMD ["/bin/busybox", "sleep", "1000"]
"""


@pytest.fixture
def swarm(tmp_path: Path) -> Iterator[Swarm]:
    joined = Swarm(tmp_path)
    yield joined
    joined.stop()


def running_tasks(manager: Dockerd) -> dict[str, str]:
    """The image of each task that runs, by its id."""
    shown = manager.docker(
        "service",
        "ps",
        "--no-trunc",
        "--format={{.Node}}/{{.ID}} {{.Image}} {{.CurrentState}}",
        "hello",
    )
    rows = [line.split() for line in shown.splitlines()]
    return {task: image for task, image, state, *_ in rows if state == "Running"}


def run_on_both_nodes(swarm: Swarm, wire: Wire) -> None:
    """Push an image from one node, and have both run it as a global service."""
    manager, worker = swarm.nodes
    manager.docker("build", "--quiet", f"--tag={IMAGE}", context(manager.root / "image", SERVICE))
    manager.docker("push", IMAGE)
    digest = wire.manifest("hello-service", "latest").digest
    manager.docker("rmi", IMAGE)

    manager.docker("service", "create", "--detach", "--name=hello", "--mode=global", IMAGE)
    deadline = time.monotonic() + PATIENCE
    while len(tasks := running_tasks(manager)) < 2:
        assert time.monotonic() < deadline, manager.docker("service", "ps", "--no-trunc", "hello")
        time.sleep(0.25)

    assert set(tasks.values()) == {f"{IMAGE}:latest@{digest}"}
    for node in (manager, worker):
        assert digest in node.docker("images", "--digests", IMAGE)
        assert "hello" in node.docker("ps", "--format={{.Names}}")


def test_a_registry_on_one_node_serves_both(swarm: Swarm, tmp_path: Path) -> None:
    every_address = {"http": {"addr": "0.0.0.0:5000"}}
    with Registry(swarm.hosts[0], tmp_path / "data", settings=every_address) as registry:
        swarm.relay(1, tmp_path / "relay.log")
        run_on_both_nodes(swarm, registry.wire)


def test_a_registry_that_is_a_service_of_the_swarm_serves_it(
    swarm: Swarm, dockerd: Dockerd, tmp_path: Path
) -> None:
    manager = swarm.nodes[0]
    carry_image(entrepot_image(dockerd), dockerd, manager, tmp_path)
    node = manager.docker("info", "--format={{.Swarm.NodeID}}").strip()
    manager.docker("node", "update", "--label-add", "registry=true", node)
    stack = CHECKOUT / "deploy/stack.yml"
    # The ingress mesh needs IP_VS in the kernel; the relay stands for it on the other node.
    manager.run(
        [
            "docker",
            "stack",
            "deploy",
            "--resolve-image=never",
            f"--compose-file={stack}",
            "registry",
        ],
        env={"ENTREPOT_PUBLISH_MODE": "host", "ENTREPOT_IMAGE": f"{IMAGE_OF_ENTREPOT}:latest"},
    )
    swarm.relay(1, tmp_path / "relay.log")
    wire = Wire(swarm.hosts[0], 5000)
    wait_until_it_answers(wire, seconds=60)
    run_on_both_nodes(swarm, wire)
