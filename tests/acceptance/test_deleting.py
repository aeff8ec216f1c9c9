"""Immutable tags, restored tags, deleted images and retention, as people with docker see them."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO, context
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import ENTREPOT
from tests.acceptance.harness.process import run
from tests.acceptance.harness.registry import Registry
from tests.waiting import PATIENCE

SETTINGS = {
    "immutable": [{"repositories": ["release/**"], "tags": ["v*"]}],
    "retention": {
        "rules": [{"name": "builds", "repositories": ["ci/**"], "keep": {"last": 2}}],
    },
    "pulls": {"interval": "500ms"},
}


@pytest.fixture(scope="module")
def keeper(host: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    directory = tmp_path_factory.mktemp("keeper") / "data"
    with Registry(host, directory, port=5056, settings=SETTINGS) as running:
        yield running


def entrepot(keeper: Registry, *arguments: str) -> str:
    """Run a command of the operator on the registry's machine, beside the registry."""
    config = keeper.directory.with_suffix(f".{keeper.port}.yml")
    return run([ENTREPOT, *arguments, "--config", config])


@pytest.fixture(scope="module")
def second(dockerd: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Another image than hello-world."""
    text = 'FROM hello-world\nCMD ["/bin/busybox", "echo", "second"]\n'
    directory = context(tmp_path_factory.mktemp("second"), text)
    dockerd.docker("build", "--quiet", "--tag", "second", directory)
    return "second"


def push(dockerd: Dockerd, image: str, name: str) -> str:
    dockerd.docker("tag", image, name)
    return dockerd.docker("push", name)


def test_docker_says_why_an_immutable_tag_does_not_move(
    dockerd: Dockerd, tools: ContainerTools, keeper: Registry, second: str
) -> None:
    name = f"{keeper.address}/release/app:v1"
    push(dockerd, "hello-world", name)
    push(dockerd, "hello-world", name)
    dockerd.docker("tag", second, name)
    said = dockerd.refused("push", name)
    assert "denied: tag v1 of release/app is immutable: it stays at sha256:" in said
    copy = ("copy", "--src-tls-verify=false", "--dest-tls-verify=false")
    push(dockerd, second, f"{keeper.address}/release/app:latest")
    source = f"docker://{keeper.address}/release/app:latest"
    said = tools.skopeo(*copy, source, f"docker://{name}", expect=1)
    assert "tag v1 of release/app is immutable" in said
    said = tools.skopeo("delete", INSECURE, f"docker://{name}", expect=1)
    assert "immutable" in said
    dockerd.docker("rmi", name)
    assert HELLO in dockerd.docker("run", "--rm", "--network=none", name)


def test_a_tag_that_was_moved_by_mistake_is_restored(
    dockerd: Dockerd, keeper: Registry, second: str
) -> None:
    name = f"{keeper.address}/team/app:latest"
    push(dockerd, "hello-world", name)
    push(dockerd, second, name)
    lines = json.loads(entrepot(keeper, "tag", "history", "team/app:latest", "--json"))
    assert lines[0]["from"] == lines[1]["to"]
    entrepot(keeper, "tag", "restore", "team/app:latest")
    dockerd.docker("rmi", name)
    assert HELLO in dockerd.docker("run", "--rm", "--network=none", name)


def test_an_image_that_the_operator_removed_is_gone(
    dockerd: Dockerd, keeper: Registry, second: str
) -> None:
    name = f"{keeper.address}/team/doomed"
    push(dockerd, "hello-world", f"{name}:old")
    push(dockerd, second, f"{name}:new")
    entrepot(keeper, "image", "rm", "team/doomed:o*", "--yes")
    dockerd.docker("rmi", f"{name}:old")
    assert "not found" in dockerd.refused("pull", f"{name}:old")
    assert keeper.wire.tags("team/doomed") == ["new"]
    entrepot(keeper, "repository", "rm", "team/doomed", "--yes")
    dockerd.docker("rmi", f"{name}:new")
    assert "not found" in dockerd.refused("pull", f"{name}:new")
    push(dockerd, "hello-world", f"{name}:again")
    assert keeper.wire.tags("team/doomed") == ["again"]


def test_retention_keeps_the_last_pushes(dockerd: Dockerd, keeper: Registry, second: str) -> None:
    name = f"{keeper.address}/ci/app"
    for tag in ("b1", "b2", "b3", "b4"):
        push(dockerd, second if tag == "b1" else "hello-world", f"{name}:{tag}")
    said = entrepot(keeper, "retention", "show")
    assert "remove  ci/app:b1  builds: not among the 2 pushed last" in said
    assert keeper.wire.tags("ci/app") == ["b1", "b2", "b3", "b4"]
    said = entrepot(keeper, "retention", "run")
    assert said.strip() == "1 repository, 2 tags kept, 2 removed with 1 manifest."
    assert keeper.wire.tags("ci/app") == ["b3", "b4"]
    dockerd.docker("rmi", f"{name}:b1", f"{name}:b3")
    assert "not found" in dockerd.refused("pull", f"{name}:b1")
    dockerd.docker("pull", f"{name}:b3")
    # A rule that was wrong is no loss: the image comes back as it was.
    entrepot(keeper, "tag", "restore", "ci/app:b1")
    assert "second" in dockerd.docker("run", "--rm", "--network=none", f"{name}:b1")


def test_pulls_are_written_down_and_looking_is_no_pull(
    dockerd: Dockerd, tools: ContainerTools, keeper: Registry, tmp_path: Path
) -> None:
    name = f"{keeper.address}/team/pulled:1"
    push(dockerd, "hello-world", name)
    database = keeper.directory / "entrepot/metadata.db"

    def pulled() -> int:
        with closing(sqlite3.connect(database)) as connection:
            (number,) = connection.execute(
                "SELECT COUNT(*) FROM manifest_pulls JOIN manifests ON manifests.id = manifest_id"
                " JOIN repositories ON repositories.id = repository_id WHERE name = 'team/pulled'"
            ).fetchone()
        return int(number)

    assert keeper.wire.request("HEAD", "/v2/team/pulled/manifests/1").status == 200
    time.sleep(1.5)
    assert pulled() == 0
    tools.skopeo("copy", "--src-tls-verify=false", f"docker://{name}", f"dir:{tmp_path}")
    deadline = time.monotonic() + PATIENCE
    while pulled() == 0:
        assert time.monotonic() < deadline, "the pull was never written down"
        time.sleep(0.1)
