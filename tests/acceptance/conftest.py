"""One host with a container engine and a registry, shared by the tests of a run.

A test is run alone by its name, as in `make acceptance PYTEST_ARGS='-k skopeo'`. When it fails, the
last lines of everything that was running then are shown with it.
"""

import os
import shutil
import signal
from collections.abc import Generator, Iterator

import pytest

from tests.acceptance.harness.containers import ContainerTools
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.journal import JOURNAL
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import CONFORMANCE, DOCKER_REGISTRY_3
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.workshop import docker_host

_LEFT_OUT: list[str] = []


def pytest_sessionstart() -> None:
    # Ended by SIGTERM, a run still takes its hosts and engines down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if os.geteuid() != 0:
        pytest.exit("the acceptance tests make network namespaces: run them as root", returncode=1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs programs built with Go where there is no Go, and say so at the end."""
    if shutil.which("go") or all(path.exists() for path in (CONFORMANCE, DOCKER_REGISTRY_3)):
        return
    left_out = [item for item in items if item.get_closest_marker("go")]
    _LEFT_OUT.extend(item.nodeid for item in left_out)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _LEFT_OUT:
        names = ", ".join(_LEFT_OUT)
        terminalreporter.write_line(f"not run, for there is no Go toolchain: {names}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections.extend((f"the end of {one.name}'s log", one.tail()) for one in JOURNAL)
    return report


@pytest.fixture(scope="session")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockerd]:
    """Debian's Docker, which has an image called hello-world."""
    with docker_host(tmp_path_factory.mktemp("docker") / "engine") as engine:
        yield engine


@pytest.fixture(scope="session")
def host(dockerd: Dockerd) -> Namespace:
    """The host of that Docker. Nothing listens on its port 5000 but in the classic session."""
    return dockerd.namespace


@pytest.fixture(scope="session")
def registry(host: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """The program under test on that host, with deletion enabled."""
    directory = tmp_path_factory.mktemp("registry") / "data"
    with Registry(host, directory, port=5050) as running:
        yield running
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def tools(host: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerTools]:
    """podman, buildah and skopeo on the shared host."""
    kept = ContainerTools(host, tmp_path_factory.mktemp("containers") / "storage")
    yield kept
    kept.remove()
