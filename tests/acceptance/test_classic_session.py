"""A new user's session: clone, `make serve`, and in a second terminal the docker commands."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.acceptance.harness.classic import PULL_AND_RUN, PUSH
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.paths import CHECKOUT
from tests.acceptance.harness.process import Daemon, run
from tests.acceptance.harness.registry import plain_settings
from tests.acceptance.harness.stored import blobs
from tests.acceptance.harness.wire import Wire


class FirstTerminal:
    """Where `make serve` is typed; the docker commands are typed in the second."""

    def __init__(self, dockerd: Dockerd, clone: Path) -> None:
        self.dockerd = dockerd
        self.clone = clone
        self.wire = Wire(dockerd.namespace, 5000)
        self.log = clone.parent / "terminal.log"

    @contextmanager
    def types(self, command: str) -> Iterator[None]:
        """Type a command that runs a registry, and press Ctrl-C at the end."""
        shell = ["bash", "-c", f"exec env {command}"]
        namespace = self.dockerd.namespace
        daemon = Daemon(command, namespace.command(shell), self.log, cwd=self.clone)
        try:
            daemon.wait_until(self.wire.answers, "answer on 127.0.0.1:5000")
            yield
        finally:
            daemon.interrupt()

    def check_directory(self, directory: Path) -> None:
        """What the manifest names lies in the directory, as Docker Registry keeps it."""
        manifest = self.wire.manifest("hello-world", "latest").json()
        named = {one["digest"] for one in [manifest["config"], *manifest["layers"]]}
        assert named <= blobs(directory)


@pytest.fixture(scope="module")
def terminal(dockerd: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> FirstTerminal:
    """A clone of the repository in an empty folder, installed, on a host with Docker."""
    clone = tmp_path_factory.mktemp("user") / "entrepot"
    run(["git", "clone", "--quiet", CHECKOUT, clone])
    # `make serve` would install too, but the host of this test has no way to a package registry.
    run(["make", "install"], cwd=clone, timeout=300)
    return FirstTerminal(dockerd, clone)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new user's terminal has no REGISTRY_* variables."""
    for name in [name for name in os.environ if name.startswith("REGISTRY_")]:
        monkeypatch.delenv(name)


def test_make_serve_and_the_docker_commands(terminal: FirstTerminal) -> None:
    with terminal.types("make serve"):
        terminal.dockerd.shell(PUSH)
        assert HELLO in terminal.dockerd.shell(PULL_AND_RUN)
        terminal.check_directory(terminal.clone / "registry-data")
    # The first start says where it listens, where the data lies and what to try.
    said = terminal.log.read_text()
    for word in ("127.0.0.1:5000", "registry-data", "docker tag", "docker push", "docker pull"):
        assert word in said


def test_what_was_pushed_is_there_after_a_new_start(terminal: FirstTerminal) -> None:
    with terminal.types("make serve"):
        terminal.dockerd.shell(PUSH)
    with terminal.types("make serve"):
        assert HELLO in terminal.dockerd.shell(PULL_AND_RUN)


def test_another_directory_named_by_a_variable(terminal: FirstTerminal, tmp_path: Path) -> None:
    directory = tmp_path / "elsewhere"
    with terminal.types(f"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY={directory} make serve"):
        assert terminal.wire.manifest("hello-world", "latest").status == 404
        terminal.dockerd.shell(PUSH)
        assert HELLO in terminal.dockerd.shell(PULL_AND_RUN)
        terminal.check_directory(directory)


def test_another_directory_named_by_a_config_yml(terminal: FirstTerminal, tmp_path: Path) -> None:
    directory = tmp_path / "elsewhere"
    config = tmp_path / "config.yml"
    config.write_text(yaml.safe_dump(plain_settings(directory, 5000)))
    with terminal.types(f"make serve CONFIG={config}"):
        assert terminal.wire.manifest("hello-world", "latest").status == 404
        terminal.dockerd.shell(PUSH)
        assert HELLO in terminal.dockerd.shell(PULL_AND_RUN)
        terminal.check_directory(directory)


def test_variables_lie_over_a_config_yml(terminal: FirstTerminal, tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text(yaml.safe_dump(plain_settings(tmp_path / "not-here", 5999)))
    variables = (
        f"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY={tmp_path / 'here'}"
        " REGISTRY_HTTP_ADDR=127.0.0.1:5000"
        " REGISTRY_AUTH_FILE=/run/containers/0/auth.json"  # podman's variable, not the registry's
    )
    with terminal.types(f"{variables} .venv/bin/entrepot serve {config}"):
        terminal.dockerd.shell(PUSH)
        terminal.check_directory(tmp_path / "here")
    assert not (tmp_path / "not-here").exists()
