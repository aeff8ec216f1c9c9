"""The three ways by which each rule reaches a registry."""

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wire.harness.applications import Running
from tests.wire.harness.exchange import Transport
from tests.wire.harness.guarded import Guarded
from tests.wire.harness.http1 import Http1
from tests.wire.harness.in_process import InProcess, LoopThread
from tests.wire.harness.server import Registry

IN_PROCESS = "in-process"
CHUNKED = "HTTP-1.1 chunked"
TRANSPORTS = (IN_PROCESS, "HTTP-1.1", CHUNKED)

MakeRegistry = Callable[[dict[str, Any]], InProcess]
MakeGuarded = Callable[..., Guarded]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each rule of a module over each transport that can carry it."""
    if "rule" in metafunc.fixturenames:
        pairs = [
            (rule, name)
            for name in TRANSPORTS
            for rule in metafunc.module.RULES
            if not (rule.needs_length and name == CHUNKED)
        ]
        ids = [f"{name}-{rule}" for rule, name in pairs]
        metafunc.parametrize(
            ("rule", "transport"), pairs, indirect=["transport"], ids=ids, scope="session"
        )
    elif "transport" in metafunc.fixturenames:
        metafunc.parametrize("transport", TRANSPORTS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """One registry in processes of its own, for the whole run."""
    registry = Registry(tmp_path_factory.mktemp("server"))
    registry.start()
    yield registry
    assert registry.stop() == 0, registry.log.read_text()[-4000:]
    assert "Traceback" not in registry.log.read_text()
    assert uploads_without_a_session(registry.data) == set()


def uploads_without_a_session(data: Path) -> set[str]:
    """Files of uploads that no client can go on with."""
    own = data / "entrepot"
    with contextlib.closing(sqlite3.connect(own / "sessions.db")) as connection:
        known = {row[0] for row in connection.execute("SELECT id FROM upload_sessions")}
    return {path.name for path in (own / "uploads").iterdir()} - known


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    """The event loop on which applications run that the tests call directly."""
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Iterator[Running]:
    """One application, called directly, for the whole run."""
    application = Running(loop, tmp_path_factory.mktemp("in-process"), {})
    yield application
    application.close()


@pytest.fixture(scope="session")
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """A way to reach a registry."""
    name: str = request.param
    made: Transport
    if name == IN_PROCESS:
        made = request.getfixturevalue("running").transport
    else:
        registry: Registry = request.getfixturevalue("server")
        made = Http1(registry.authority, chunked=name == CHUNKED)
    yield made
    made.close()


@pytest.fixture
def transport_http1(server: Registry) -> Iterator[Http1]:
    """HTTP/1.1 to the registry in processes of its own."""
    client = Http1(server.authority, chunked=False)
    yield client
    client.close()


@pytest.fixture
def names(request: pytest.FixtureRequest) -> dict[str, str]:
    """Two repositories that no other test uses."""
    unique = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    return {"name": f"wire/{unique}", "other": f"wire/{unique}-other"}


@pytest.fixture
def make_registry(tmp_path: Path, loop: LoopThread) -> Iterator[MakeRegistry]:
    """Make applications with other settings, on one data directory, called directly.

    Each one closes the one before.
    """
    made: list[Running] = []

    def make(changes: dict[str, Any]) -> InProcess:
        while made:
            made.pop().close()
        made.append(Running(loop, tmp_path, changes))
        return made[0].transport

    yield make
    while made:
        made.pop().close()


@pytest.fixture
def make_guarded(tmp_path: Path, loop: LoopThread) -> Iterator[MakeGuarded]:
    """Make registries with users and rules, each with data of its own."""
    made: list[Guarded] = []

    def one(**changes: object) -> Guarded:
        made.append(Guarded(loop, tmp_path / str(len(made)), changes))
        return made[-1]

    yield one
    for guarded in made:
        guarded.close()
