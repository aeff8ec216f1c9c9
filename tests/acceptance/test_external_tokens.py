"""`auth.token`: real clients, and a token server that is not Entrepot's."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness.containers import INSECURE, ContainerTools
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.images import HELLO
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.process import Daemon, run
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.token_server import ISSUER, PASSWORD, SERVICE, USER
from tests.acceptance.harness.wire import Wire

PORT = 5080
AUTH_PORT = 5081
PROGRAM = Path(__file__).with_name("harness") / "token_server.py"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that signs for itself, made with openssl."""
    folder = tmp_path_factory.mktemp("keys")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9"]
    run([*command, "-subj", "/CN=auth", "-keyout", key, "-out", certificate])
    return folder


@pytest.fixture(scope="module")
def registry(
    host: Namespace, keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    """Entrepot, with its token server beside it."""
    arguments: list[str | Path] = [str(AUTH_PORT), keys / "key.pem", keys / "certificate.pem"]
    command = host.command([sys.executable, PROGRAM, *arguments])
    server = Daemon("the token server", command, keys / "log")
    try:
        wire = Wire(host, AUTH_PORT)

        def answers() -> bool:
            try:
                return wire.request("GET", "/token").status == 200
            except OSError:
                return False

        server.wait_until(answers, "answer")
        token = {
            "realm": f"http://127.0.0.1:{AUTH_PORT}/token",
            "service": SERVICE,
            "issuer": ISSUER,
            "rootcertbundle": str(keys / "certificate.pem"),
        }
        directory = tmp_path_factory.mktemp("external") / "data"
        with Registry(host, directory, port=PORT, settings={"auth": {"token": token}}) as one:
            yield one
    finally:
        server.stop()


@pytest.fixture
def as_carol(dockerd: Dockerd, registry: Registry) -> Iterator[Dockerd]:
    command = ["docker", "login", "--username", USER, "--password-stdin", registry.address]
    dockerd.run(command, stdin=PASSWORD)
    yield dockerd
    dockerd.docker("logout", registry.address)


def test_docker_pushes_and_pulls(as_carol: Dockerd, registry: Registry) -> None:
    name = f"{registry.address}/any/where"
    as_carol.docker("tag", "hello-world", name)
    as_carol.docker("push", name)
    as_carol.docker("rmi", name)
    as_carol.docker("pull", name)
    assert HELLO in as_carol.docker("run", "--rm", "--network=none", name)


def test_who_has_no_token_for_it_may_not(as_carol: Dockerd, registry: Registry) -> None:
    public, private = (f"{registry.address}/{at}/hello" for at in ("public", "private"))
    for name in (public, private):
        as_carol.docker("tag", "hello-world", name)
        as_carol.docker("push", name)
        as_carol.docker("rmi", name)
    as_carol.docker("logout", registry.address)
    as_carol.docker("pull", public)
    assert "unauthorized" in as_carol.refused("pull", private).replace("denied", "unauthorized")
    as_carol.docker("tag", "hello-world", public)
    assert "denied" in as_carol.refused("push", public).replace("unauthorized", "denied")


def test_a_wrong_password_is_told(dockerd: Dockerd, registry: Registry) -> None:
    command = ["docker", "login", "--username", USER, "--password-stdin", registry.address]
    assert "unauthorized" in dockerd.run(command, stdin="wrong", expect=1)


def test_skopeo_podman_and_ctr(
    as_carol: Dockerd, tools: ContainerTools, registry: Registry
) -> None:
    name = f"{registry.address}/any/tools"
    as_carol.docker("tag", "hello-world", name)
    as_carol.docker("push", name)
    creds = f"{USER}:{PASSWORD}"
    copy = f"docker://{registry.address}/any/skopeo"
    both = ("--src-tls-verify=false", "--dest-tls-verify=false")
    given = ("--src-creds", creds, "--dest-creds", creds)
    tools.skopeo("copy", *both, *given, f"docker://{name}", copy)
    assert "latest" in tools.skopeo("list-tags", INSECURE, "--creds", creds, copy)
    tools.podman("pull", INSECURE, "--creds", creds, name)
    tools.podman("push", INSECURE, "--creds", creds, name, f"{registry.address}/any/podman")
    as_carol.run(["ctr", "images", "pull", "--plain-http", "--user", creds, f"{name}:latest"])
    as_carol.run(["ctr", "images", "remove", f"{name}:latest"])
    assert "unauthorized" in tools.skopeo(
        "inspect", INSECURE, "--no-creds", f"docker://{name}", expect=1
    )


def test_no_secret_is_in_the_log(as_carol: Dockerd, registry: Registry) -> None:
    name = f"{registry.address}/any/secret"
    as_carol.docker("tag", "hello-world", name)
    as_carol.docker("push", name)
    log = registry.daemon.log.read_text()
    assert "/v2/any/secret" in log
    for secret in (PASSWORD, "eyJ"):
        assert secret not in log
