"""Access as a new user meets it: `entrepot user add alice`, `docker login`, push."""

import re
from collections.abc import Iterator

import pytest

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import ENTREPOT
from tests.acceptance.harness.process import run
from tests.acceptance.harness.registry import Registry

PASSWORD = "correct horse battery staple"


class Office(Registry):
    """A registry with accounts and no rule but those that `entrepot rule add` makes."""

    def entrepot(self, *arguments: str, stdin: str | None = None) -> str:
        """Run one of its commands beside it, on its machine."""
        config = str(self.directory.with_suffix(f".{self.port}.yml"))
        return run([str(ENTREPOT), *arguments, "--config", config], stdin=stdin)

    def rule(self, name: str, who: str, may: str, repositories: str) -> None:
        """Make a rule."""
        self.entrepot(
            "rule", "add", name, f"--who={who}", f"--may={may}", f"--repositories={repositories}"
        )


@pytest.fixture(scope="module")
def office(host: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory = tmp_path_factory.mktemp("office") / "data"
    settings = {"access": {"enabled": True}}
    with Office(host, directory, port=5074, settings=settings) as registry:
        assert isinstance(registry, Office)
        for user in ("alice", "bob"):
            registry.entrepot("user", "add", user, "--password-stdin", stdin=PASSWORD)
        registry.rule("team", "user:alice", "pull,push,delete,list", "team/**,public/**")
        registry.rule("everybody", "anonymous", "pull", "public/**")
        yield registry


def login(dockerd: Dockerd, registry: Registry, name: str, secret: str) -> str:
    command = ["docker", "login", "-u", name, "--password-stdin", registry.address]
    return dockerd.run(command, stdin=secret)


@pytest.fixture
def as_alice(dockerd: Dockerd, office: Office) -> Iterator[Dockerd]:
    assert "Login Succeeded" in login(dockerd, office, "alice", PASSWORD)
    yield dockerd
    dockerd.docker("logout", office.address)


def push_hello(dockerd: Dockerd, name: str) -> None:
    dockerd.docker("tag", "hello-world", name)
    dockerd.docker("push", name)


def test_the_first_administrator_is_told_at_the_first_start(
    dockerd: Dockerd, office: Office
) -> None:
    told = re.search(r"user +(\S+)\n +password +(\S+)\n", office.daemon.log.read_text())
    assert told is not None
    assert "Login Succeeded" in login(dockerd, office, told[1], told[2])
    push_hello(dockerd, f"{office.address}/anywhere/at/all")
    dockerd.docker("logout", office.address)


def test_alice_pushes_and_pulls(as_alice: Dockerd, office: Office) -> None:
    name = f"{office.address}/team/app"
    push_hello(as_alice, name)
    as_alice.docker("rmi", name)
    as_alice.docker("pull", name)
    assert HELLO in as_alice.docker("run", "--rm", "--network=none", name)


def test_bob_without_rights_is_denied_in_dockers_own_words(
    as_alice: Dockerd, office: Office
) -> None:
    name = f"{office.address}/team/app"
    push_hello(as_alice, name)
    login(as_alice, office, "bob", PASSWORD)
    assert "denied" in as_alice.refused("push", name)
    as_alice.docker("rmi", name)
    assert "denied" in as_alice.refused("pull", name)


def test_a_rule_that_is_made_lets_him_in(as_alice: Dockerd, office: Office) -> None:
    name = f"{office.address}/team/readable"
    push_hello(as_alice, name)
    office.rule("bob-reads", "user:bob", "pull", "team/readable")
    login(as_alice, office, "bob", PASSWORD)
    as_alice.docker("pull", name)
    assert "denied" in as_alice.refused("push", name)


def test_a_robot_pushes_from_a_script_with_its_token(dockerd: Dockerd, office: Office) -> None:
    said = office.entrepot("robot", "add", "ci", "--grant=pull,push:team/**")
    token = re.search(r"ent_bot_\S+", said)
    assert token is not None
    script = f'printf %s "$TOKEN" | docker login -u ci --password-stdin {office.address}'
    assert "Login Succeeded" in dockerd.run(
        ["bash", "-euo", "pipefail", "-c", script], env={"TOKEN": token[0]}
    )
    try:
        push_hello(dockerd, f"{office.address}/team/by-robot")
        other = f"{office.address}/public/by-robot"
        dockerd.docker("tag", "hello-world", other)
        assert "denied" in dockerd.refused("push", other)
    finally:
        dockerd.docker("logout", office.address)


def test_everybody_pulls_what_is_public_and_nothing_else(as_alice: Dockerd, office: Office) -> None:
    public, private = f"{office.address}/public/hello", f"{office.address}/team/hello"
    for name in (public, private):
        push_hello(as_alice, name)
        as_alice.docker("rmi", name)
    as_alice.docker("logout", office.address)
    as_alice.docker("pull", public)
    said = as_alice.refused("pull", private)
    assert "denied" in said or "unauthorized" in said


def test_who_is_disabled_is_out_at_once(as_alice: Dockerd, office: Office) -> None:
    name = f"{office.address}/team/before"
    push_hello(as_alice, name)
    office.entrepot("user", "disable", "alice")
    try:
        said = as_alice.refused("pull", name)
        assert "denied" in said or "unauthorized" in said
    finally:
        office.entrepot("user", "enable", "alice")
