"""The own token server, as real clients use it, and as another registry trusts it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import DOCKER_REGISTRY, ENTREPOT, NEXT_RELEASE
from tests.acceptance.harness.process import run
from tests.acceptance.harness.registry import Registry

PORT = 5070
PASSWORD = "correct horse battery staple"
ACCESS = {
    "enabled": True,
    "rules": [
        {
            "who": ["user:alice"],
            "may": ["pull", "push", "delete", "list"],
            "repositories": ["team/**", "public/**"],
        },
        {"who": ["user:bob"], "may": ["pull"], "repositories": ["team/**"]},
        {"who": ["anonymous"], "may": ["pull"], "repositories": ["public/**"]},
    ],
    "token": {"services": ["the old registry"]},
}


class Guarded(Registry):
    """A registry with accounts; `asked` tells who asked it for tokens."""

    def add(self, name: str) -> None:
        config = self.directory.with_suffix(f".{self.port}.yml")
        command = [ENTREPOT, "user", "add", name, "--password-stdin", "--config", config]
        run([str(word) for word in command], stdin=PASSWORD)

    def asked(self) -> int:
        """How many tokens were given so far."""
        lines = self.daemon.log.read_text().splitlines()
        return sum("/auth/token" in line and '" 200 ' in line for line in lines)

    def wait_for_tokens(self, count: int) -> None:
        """Wait until the log, which is written a moment later, tells of so many."""
        self.daemon.wait_until(lambda: self.asked() >= count, f"{count} tokens")


@pytest.fixture(scope="module")
def guarded(host: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("guarded") / "data"
    with Guarded(host, directory, port=PORT, settings={"access": ACCESS}) as registry:
        assert isinstance(registry, Guarded)
        registry.add("alice")
        registry.add("bob")
        yield registry


@pytest.fixture
def as_alice(dockerd: Dockerd, guarded: Guarded) -> Iterator[Dockerd]:
    login(dockerd, guarded, "alice")
    yield dockerd
    dockerd.docker("logout", guarded.address)


def login(dockerd: Dockerd, registry: Registry, name: str, password: str = PASSWORD) -> str:
    command = ["docker", "login", "--username", name, "--password-stdin", registry.address]
    return dockerd.run(command, stdin=password)


def push_hello(dockerd: Dockerd, name: str) -> None:
    dockerd.docker("tag", "hello-world", name)
    dockerd.docker("push", name)


def test_docker_pushes_and_pulls_with_tokens(as_alice: Dockerd, guarded: Guarded) -> None:
    name = f"{guarded.address}/team/docker"
    before = guarded.asked()
    push_hello(as_alice, name)
    guarded.wait_for_tokens(before + 1)
    as_alice.docker("rmi", name)
    before = guarded.asked()
    as_alice.docker("pull", name)
    guarded.wait_for_tokens(before + 1)
    assert HELLO in as_alice.docker("run", "--rm", "--network=none", name)


def test_docker_keeps_a_refresh_token_and_not_the_password(
    as_alice: Dockerd, guarded: Guarded
) -> None:
    kept = json.loads((as_alice.home / ".docker/config.json").read_text())["auths"]
    entry = kept[guarded.address]
    assert entry["identitytoken"].startswith("ent_ref_")
    assert PASSWORD not in json.dumps(kept)


def test_docker_is_told_who_may_not(dockerd: Dockerd, guarded: Guarded) -> None:
    login(dockerd, guarded, "alice")
    name = f"{guarded.address}/team/told"
    push_hello(dockerd, name)
    login(dockerd, guarded, "bob")
    try:
        dockerd.docker("pull", name)
        assert "denied" in dockerd.refused("push", name)
        secret = f"{guarded.address}/other/secret"
        dockerd.docker("tag", "hello-world", secret)
        assert "denied" in dockerd.refused("push", secret)
    finally:
        dockerd.docker("logout", guarded.address)


def test_docker_is_told_that_a_password_is_wrong(dockerd: Dockerd, guarded: Guarded) -> None:
    command = ["docker", "login", "--username", "alice", "--password-stdin", guarded.address]
    said = dockerd.run(command, stdin="wrong", expect=1)
    assert "unauthorized" in said


def test_anybody_pulls_what_is_public(as_alice: Dockerd, guarded: Guarded) -> None:
    public, private = (f"{guarded.address}/{at}/hello" for at in ("public", "team"))
    for name in (public, private):
        push_hello(as_alice, name)
        as_alice.docker("rmi", name)
    as_alice.docker("logout", guarded.address)
    as_alice.docker("pull", public)
    said = as_alice.refused("pull", private)
    assert "denied" in said or "unauthorized" in said


def test_ctr_uses_tokens(as_alice: Dockerd, guarded: Guarded) -> None:
    name, again = (f"{guarded.address}/team/{at}:latest" for at in ("for-ctr", "from-ctr"))
    push_hello(as_alice, name)
    user = ["--plain-http", "--user", f"alice:{PASSWORD}"]
    before = guarded.asked()
    as_alice.run(["ctr", "images", "pull", *user, name])
    as_alice.run(["ctr", "images", "tag", name, again])
    as_alice.run(["ctr", "images", "push", *user, again])
    guarded.wait_for_tokens(before + 2)
    as_alice.run(["ctr", "images", "remove", name, again])
    said = as_alice.run(
        ["ctr", "images", "pull", "--plain-http", "--user", "alice:wrong", name], expect=1
    )
    assert "401" in said


def test_oras_uses_tokens(host: Namespace, guarded: Guarded, tmp_path: Path) -> None:
    def oras(*arguments: str, stdin: str | None = None, expect: int | None = 0) -> str:
        command = [str(NEXT_RELEASE / "usr/bin/oras"), *arguments, "--plain-http"]
        env = {"HOME": str(tmp_path)}
        return host.run(command, cwd=tmp_path, env=env, stdin=stdin, expect=expect)

    name = f"{guarded.address}/team/oras:v1"
    (tmp_path / "notes.txt").write_text("some notes\n")
    before = guarded.asked()
    oras("login", guarded.address, "--username=alice", "--password-stdin", stdin=PASSWORD)
    oras("push", name, "notes.txt:text/plain")
    (tmp_path / "report.json").write_text("{}")
    oras("attach", "--artifact-type=application/spdx+json", name, "report.json:application/json")
    oras("pull", f"--output={tmp_path / 'out'}", name)
    assert (tmp_path / "out/notes.txt").read_text() == "some notes\n"
    assert oras("repo", "tags", name.rpartition(":")[0]).split() == ["v1"]
    assert "team/oras" in oras("repo", "ls", guarded.address)
    guarded.wait_for_tokens(before + 1)
    oras("login", guarded.address, "--username=alice", "--password=wrong", expect=1)


def test_cosign_uses_tokens(as_alice: Dockerd, guarded: Guarded, tmp_path: Path) -> None:
    name = f"{guarded.address}/team/signed"
    push_hello(as_alice, name)
    digest = next(
        one
        for one in as_alice.docker(
            "image", "inspect", '--format={{join .RepoDigests " "}}', name
        ).split()
        if one.startswith(name)
    )
    program = str(NEXT_RELEASE / "usr/bin/cosign")
    env = {"COSIGN_PASSWORD": "correct horse", "HOME": str(as_alice.home)}

    def cosign(*arguments: str) -> str:
        return as_alice.run([program, *arguments], cwd=tmp_path, env=env)

    before = guarded.asked()
    cosign("generate-key-pair")
    plain = "--allow-http-registry"
    cosign("sign", plain, "--yes", "--tlog-upload=false", "--key=cosign.key", digest)
    cosign("verify", plain, "--insecure-ignore-tlog", "--key=cosign.pub", digest)
    guarded.wait_for_tokens(before + 1)


def test_skopeo_podman_and_buildah_use_tokens(
    as_alice: Dockerd, tools: ContainerTools, guarded: Guarded
) -> None:
    name = f"{guarded.address}/team/tools"
    push_hello(as_alice, name)
    before = guarded.asked()
    creds = f"alice:{PASSWORD}"
    copy = f"docker://{guarded.address}/team/skopeo"
    both = ("--src-tls-verify=false", "--dest-tls-verify=false")
    tools.skopeo(
        "copy", *both, "--src-creds", creds, "--dest-creds", creds, f"docker://{name}", copy
    )
    assert "latest" in tools.skopeo("list-tags", INSECURE, "--creds", creds, copy)
    tools.skopeo("delete", INSECURE, "--creds", creds, f"{copy}:latest")
    tools.run(["podman", "login", INSECURE, "-u", "alice", "-p", PASSWORD, guarded.address])
    tools.podman("pull", INSECURE, name)
    tools.podman("tag", name, f"{guarded.address}/team/podman")
    tools.podman("push", INSECURE, f"{guarded.address}/team/podman")
    tools.buildah("pull", INSECURE, f"{guarded.address}/team/podman")
    tools.buildah(
        "push",
        INSECURE,
        "--creds",
        creds,
        f"{guarded.address}/team/podman",
        f"docker://{guarded.address}/team/buildah",
    )
    guarded.wait_for_tokens(before + 6)
    tools.podman("logout", guarded.address)
    assert "unauthorized" in tools.skopeo(
        "inspect", INSECURE, "--creds", "alice:wrong", f"docker://{name}", expect=1
    )


def test_the_old_registry_trusts_the_token_server(
    dockerd: Dockerd, guarded: Guarded, tmp_path: Path
) -> None:
    """Docker Registry 2.8.2, told the certificate once, takes tokens of every key to come."""
    certificate = tmp_path / "entrepot.pem"
    certificate.write_bytes(guarded.wire.request("GET", "/auth/certificate").body)
    token = {
        "realm": f"http://{guarded.address}/auth/token",
        "service": "the old registry",
        "issuer": "entrepot",
        "rootcertbundle": str(certificate),
    }
    command = [DOCKER_REGISTRY, "serve"]
    settings = {"auth": {"token": token}}
    with Registry(
        dockerd.namespace, tmp_path / "old", port=5071, settings=settings, command=command
    ) as old:
        login(dockerd, old, "alice")
        try:
            name = f"{old.address}/team/hello"
            push_hello(dockerd, name)
            dockerd.docker("rmi", name)
            dockerd.docker("pull", name)
            other = f"{old.address}/other/hello"
            dockerd.docker("tag", "hello-world", other)
            assert "denied" in dockerd.refused("push", other)
        finally:
            dockerd.docker("logout", old.address)


def test_no_secret_is_in_the_log(as_alice: Dockerd, guarded: Guarded) -> None:
    push_hello(as_alice, f"{guarded.address}/team/secret")
    log = guarded.daemon.log.read_text()
    for secret in (PASSWORD, "ent_ref_", "eyJ"):
        assert secret not in log
