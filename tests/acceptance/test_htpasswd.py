"""auth.htpasswd, with a file that Apache's htpasswd has written, and every client."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import NEXT_RELEASE
from tests.acceptance.harness.process import run
from tests.acceptance.harness.registry import Registry

PASSWORD = "correct horse battery staple"
WRONG = "incorrect horse"


class Guarded(Registry):
    """A registry with a file of passwords."""

    @property
    def file(self) -> Path:
        """The file."""
        return self.directory.with_name("htpasswd")

    def set_password(self, user: str, password: str) -> None:
        """Do it as an operator does, with Apache's htpasswd."""
        create = [] if self.file.exists() else ["-c"]
        run(["htpasswd", "-i", "-B", "-C", "5", *create, self.file, user], stdin=password)


@pytest.fixture(scope="module")
def guarded(host: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("htpasswd") / "data"
    file = directory.with_name("htpasswd")
    run(["htpasswd", "-i", "-B", "-C", "5", "-c", file, "alice"], stdin=PASSWORD)
    settings = {
        "auth": {"htpasswd": {"realm": "basic-realm", "path": str(file)}},
        # The tests are wrong on purpose, all from one address.
        "access": {"guesses": {"account": 100, "address": 1000}},
    }
    with Guarded(host, directory, port=5072, settings=settings) as registry:
        assert isinstance(registry, Guarded)
        yield registry


def login(dockerd: Dockerd, registry: Registry, password: str, expect: int = 0) -> str:
    command = ["docker", "login", "--username=alice", "--password-stdin", registry.address]
    return dockerd.run(command, stdin=password, expect=expect)


@pytest.fixture
def as_alice(dockerd: Dockerd, guarded: Guarded) -> Iterator[Dockerd]:
    login(dockerd, guarded, PASSWORD)
    yield dockerd
    dockerd.docker("logout", guarded.address)


def push_hello(dockerd: Dockerd, name: str) -> None:
    dockerd.docker("tag", "hello-world", name)
    dockerd.docker("push", name)


def test_docker_pushes_and_pulls(as_alice: Dockerd, guarded: Guarded) -> None:
    name = f"{guarded.address}/team/docker"
    push_hello(as_alice, name)
    as_alice.docker("rmi", name)
    as_alice.docker("pull", name)
    assert HELLO in as_alice.docker("run", "--rm", "--network=none", name)


def test_docker_is_told_that_a_password_is_wrong(dockerd: Dockerd, guarded: Guarded) -> None:
    assert "401 Unauthorized" in login(dockerd, guarded, WRONG, expect=1)


def test_nobody_pulls_or_pushes_without_one(as_alice: Dockerd, guarded: Guarded) -> None:
    name = f"{guarded.address}/team/closed"
    push_hello(as_alice, name)
    as_alice.docker("logout", guarded.address)
    for command in ("push", "pull"):
        assert "no basic auth credentials" in as_alice.refused(command, name)


def test_a_new_password_holds_within_a_second(dockerd: Dockerd, guarded: Guarded) -> None:
    login(dockerd, guarded, PASSWORD)
    try:
        guarded.set_password("alice", "a new one")
        time.sleep(1)
        assert "401 Unauthorized" in login(dockerd, guarded, PASSWORD, expect=1)
        assert "Login Succeeded" in login(dockerd, guarded, "a new one")
    finally:
        guarded.set_password("alice", PASSWORD)
        time.sleep(1)
        dockerd.docker("logout", guarded.address)


def test_ctr(as_alice: Dockerd, guarded: Guarded) -> None:
    name, again = (f"{guarded.address}/team/{at}:latest" for at in ("for-ctr", "from-ctr"))
    push_hello(as_alice, name)
    user = ["--plain-http", "--user", f"alice:{PASSWORD}"]
    as_alice.run(["ctr", "images", "pull", *user, name])
    as_alice.run(["ctr", "images", "tag", name, again])
    as_alice.run(["ctr", "images", "push", *user, again])
    as_alice.run(["ctr", "images", "remove", name, again])
    wrong = ["--plain-http", "--user", f"alice:{WRONG}"]
    assert "401" in as_alice.run(["ctr", "images", "pull", *wrong, name], expect=1)


def test_oras(host: Namespace, guarded: Guarded, tmp_path: Path) -> None:
    def oras(*arguments: str, stdin: str | None = None, expect: int | None = 0) -> str:
        command = [str(NEXT_RELEASE / "usr/bin/oras"), *arguments, "--plain-http"]
        env = {"HOME": str(tmp_path)}
        return host.run(command, cwd=tmp_path, env=env, stdin=stdin, expect=expect)

    name = f"{guarded.address}/team/oras:v1"
    (tmp_path / "notes.txt").write_text("some notes\n")
    oras("login", guarded.address, "--username=alice", "--password-stdin", stdin=PASSWORD)
    oras("push", name, "notes.txt:text/plain")
    oras("attach", "--artifact-type=application/spdx+json", name, "notes.txt:application/json")
    oras("pull", f"--output={tmp_path / 'out'}", name)
    assert (tmp_path / "out/notes.txt").read_text() == "some notes\n"
    assert "team/oras" in oras("repo", "ls", guarded.address)
    oras("login", guarded.address, "--username=alice", f"--password={WRONG}", expect=1)


def test_cosign(as_alice: Dockerd, guarded: Guarded, tmp_path: Path) -> None:
    name = f"{guarded.address}/team/signed"
    as_alice.docker("tag", "hello-world", name)
    digest = re.search(r"sha256:[0-9a-f]{64}", as_alice.docker("push", name))
    assert digest is not None
    image = f"{name}@{digest[0]}"
    program = str(NEXT_RELEASE / "usr/bin/cosign")
    env = {"COSIGN_PASSWORD": "correct horse", "HOME": str(as_alice.home)}

    def cosign(*arguments: str) -> str:
        return as_alice.run([program, *arguments], cwd=tmp_path, env=env)

    cosign("generate-key-pair")
    plain = "--allow-http-registry"
    cosign("sign", plain, "--yes", "--tlog-upload=false", "--key=cosign.key", image)
    cosign("verify", plain, "--insecure-ignore-tlog", "--key=cosign.pub", image)


def test_skopeo(as_alice: Dockerd, tools: ContainerTools, guarded: Guarded) -> None:
    name = f"{guarded.address}/team/for-skopeo"
    push_hello(as_alice, name)
    creds = f"alice:{PASSWORD}"
    copy = f"docker://{guarded.address}/team/skopeo"
    both = ("--src-tls-verify=false", "--dest-tls-verify=false")
    given = ("--src-creds", creds, "--dest-creds", creds)
    tools.skopeo("copy", *both, *given, f"docker://{name}", copy)
    assert "latest" in tools.skopeo("list-tags", INSECURE, "--creds", creds, copy)
    tools.skopeo("delete", INSECURE, "--creds", creds, f"{copy}:latest")
    wrong = ("inspect", INSECURE, "--creds", f"alice:{WRONG}", f"docker://{name}")
    assert "unauthorized" in tools.skopeo(*wrong, expect=1)


def test_podman_and_buildah(as_alice: Dockerd, tools: ContainerTools, guarded: Guarded) -> None:
    name = f"{guarded.address}/team/for-podman"
    push_hello(as_alice, name)
    again = f"{guarded.address}/team/podman"
    tools.run(["podman", "login", INSECURE, "-u", "alice", "-p", PASSWORD, guarded.address])
    try:
        tools.podman("pull", INSECURE, name)
        tools.podman("tag", name, again)
        tools.podman("push", INSECURE, again)
        tools.buildah("pull", INSECURE, again)
        tools.buildah("push", INSECURE, again, f"docker://{guarded.address}/team/buildah")
    finally:
        tools.podman("logout", guarded.address)


def test_a_header_that_nobody_asked_for(host: Namespace, guarded: Guarded) -> None:
    """Scripts send their password with the first request."""
    asked = ["curl", "--silent", "--fail", "--user", f"alice:{PASSWORD}"]
    said = host.run([*asked, f"http://{guarded.address}/v2/_catalog"])
    assert '"repositories"' in said


def test_a_missing_file_is_made_with_a_user(dockerd: Dockerd, tmp_path: Path) -> None:
    file = tmp_path / "auth" / "htpasswd"
    settings = {"auth": {"htpasswd": {"realm": "basic-realm", "path": str(file)}}}
    with Registry(dockerd.namespace, tmp_path / "data", port=5073, settings=settings) as registry:
        said = registry.daemon.log.read_text()
        password = re.search(r"user +docker\n +password +(\S+)\n", said)
        assert password is not None
        command = ["docker", "login", "--username=docker", "--password-stdin", registry.address]
        assert "Login Succeeded" in dockerd.run(command, stdin=password[1])
        dockerd.docker("logout", registry.address)
    assert file.stat().st_mode & 0o777 == 0o600
    with Registry(dockerd.namespace, tmp_path / "data", port=5073, settings=settings) as registry:
        log = registry.daemon.log.read_text()
        assert log.count(password[1]) == 1  # told once
