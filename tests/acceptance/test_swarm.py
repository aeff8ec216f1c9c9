"""A swarm of two nodes that both run a service from 127.0.0.1:5000, by digest."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import context
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.swarm import Swarm

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


def test_both_nodes_run_a_service_from_the_registry(swarm: Swarm, tmp_path: Path) -> None:
    manager, worker = swarm.nodes
    listens = {"http": {"addr": "0.0.0.0:5000"}}
    with Registry(swarm.hosts[0], tmp_path / "data", settings=listens) as registry:
        swarm.relay(1, tmp_path / "relay.log")
        manager.docker("build", "--quiet", f"--tag={IMAGE}", context(tmp_path / "image", SERVICE))
        manager.docker("push", IMAGE)
        digest = registry.wire.manifest("hello-service", "latest").digest
        manager.docker("rmi", IMAGE)

        manager.docker("service", "create", "--detach", "--name=hello", "--mode=global", IMAGE)
        deadline = time.monotonic() + 60
        while len(tasks := running_tasks(manager)) < 2:
            assert time.monotonic() < deadline, manager.docker("service", "ps", "hello")
            time.sleep(0.25)

        assert set(tasks.values()) == {f"{IMAGE}:latest@{digest}"}
        for node in (manager, worker):
            assert digest in node.docker("images", "--digests", IMAGE)
            assert "hello" in node.docker("ps", "--format={{.Names}}")
