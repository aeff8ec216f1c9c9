"""docker, podman, skopeo and ctr with a self-signed certificate, and with client certificates."""

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.acceptance.harness.containers import ContainerTools
from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.paths import ENTREPOT
from tests.acceptance.harness.process import run
from tests.acceptance.harness.secure_registry import HOST, SecureRegistry, add_address
from tests.acceptance.harness.workshop import docker_host
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import PATIENCE

PORT, CLIENT_PORT = 5443, 5444
ADDRESS, CLIENT_ADDRESS = f"{HOST}:{PORT}", f"{HOST}:{CLIENT_PORT}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Dockerd]:
    """A Docker with an /etc/docker/certs.d of its own."""
    with docker_host(folder / "engine", certificates=folder / "certs.d") as engine:
        add_address(engine.namespace)
        yield engine


@pytest.fixture(scope="module")
def commands(folder: Path) -> str:
    """What `entrepot tls selfsigned` says, with certificate and key written."""
    out = folder / "selfsigned"
    return run([ENTREPOT, "tls", "selfsigned", "--host", HOST, f"--port={PORT}", "--out", out])


@pytest.fixture(scope="module")
def registry(engine: Dockerd, folder: Path, commands: str) -> Iterator[SecureRegistry]:
    pair = folder / "selfsigned"
    tls = {"certificate": str(pair / "registry.crt"), "key": str(pair / "registry.key")}
    with SecureRegistry(engine.namespace, folder / "registry", PORT, tls) as running:
        yield running


@pytest.fixture(scope="module")
def tools(engine: Dockerd, folder: Path) -> Iterator[ContainerTools]:
    kept = ContainerTools(engine.namespace, folder / "storage")
    yield kept
    kept.remove()


@pytest.fixture(scope="module")
def image(engine: Dockerd, tools: ContainerTools, folder: Path) -> str:
    """An image as skopeo reads it from a directory."""
    archive, directory = folder / "image.tar", folder / "image"
    engine.docker("save", "--output", archive, "hello-world")
    tools.skopeo("copy", f"docker-archive:{archive}", f"dir:{directory}")
    return f"dir:{directory}"


def follow(commands: str, client: str, folder: Path, replaced: str, by: Path) -> None:
    """Type the commands for one client, as they are printed, with another directory than /etc."""
    found = re.search(rf"^# {client} .*\n((?:[^#].*\n?)+)", commands, re.MULTILINE)
    assert found is not None, commands
    lines = found.group(1).replace(replaced, str(by))
    run(["bash", "-euc", lines], cwd=folder / "selfsigned")


def clear(directory: Path) -> None:
    for entry in directory.iterdir():
        shutil.rmtree(entry)


def test_docker_refuses_and_then_trusts_by_certs_d_and_by_insecure_registry(
    engine: Dockerd, registry: SecureRegistry, folder: Path, commands: str
) -> None:
    name, certs = f"{ADDRESS}/hello", folder / "certs.d"
    engine.docker("tag", "hello-world", name)
    refused = engine.refused("push", name)
    assert "x509: certificate signed by unknown authority" in refused

    follow(commands, "docker", folder, "/etc/docker/certs.d", certs)
    pushed = engine.docker("push", name)
    engine.docker("rmi", name)
    pulled = engine.docker("pull", name)
    (digest,) = set(re.findall(r"sha256:[0-9a-f]{64}", pushed))
    assert digest in pulled

    clear(certs)
    assert "x509" in engine.refused("push", name)
    engine.configure(**{"insecure-registries": [ADDRESS]})
    time.sleep(1)
    engine.docker("push", name)
    engine.configure(**{"insecure-registries": []})
    time.sleep(1)
    assert "x509" in engine.refused("push", name)
    print(refused, pushed, pulled)


def test_podman_and_skopeo_trust_by_a_directory(
    tools: ContainerTools, registry: SecureRegistry, folder: Path, commands: str, image: str
) -> None:
    target = f"docker://{ADDRESS}/skopeo/hello:1"
    refused = tools.skopeo("copy", image, target, expect=1)
    assert "certificate signed by unknown authority" in refused
    follow(commands, "podman, buildah, skopeo", folder, "/etc/containers/certs.d", folder / "pods")
    directory = folder / "pods" / ADDRESS
    tools.skopeo("copy", "--dest-cert-dir", directory, image, target)
    tools.podman("pull", "--cert-dir", directory, f"{ADDRESS}/skopeo/hello:1")
    tools.podman("push", "--cert-dir", directory, f"{ADDRESS}/skopeo/hello:1", f"{ADDRESS}/pod:1")


def test_ctr_trusts_by_hosts_toml(
    engine: Dockerd, registry: SecureRegistry, folder: Path, commands: str
) -> None:
    name = f"{ADDRESS}/ctr/hello:1"
    hosts = folder / "containerd"
    engine.docker("save", "--output", folder / "ctr.tar", "hello-world")
    engine.run(["ctr", "images", "import", folder / "ctr.tar"])
    engine.run(["ctr", "images", "tag", "docker.io/library/hello-world:latest", name])
    follow(commands, "containerd", folder, "/etc/containerd/certs.d", hosts)
    refused = engine.run(["ctr", "images", "push", name], expect=1)
    assert "certificate signed by unknown authority" in refused
    engine.run(["ctr", "images", "push", "--hosts-dir", hosts, name])
    engine.run(["ctr", "images", "remove", name])
    engine.run(["ctr", "images", "pull", "--hosts-dir", hosts, name])


@pytest.fixture(scope="module")
def client(folder: Path) -> Pair:
    """A client's certificate; beside it lies the CA that has signed it, ca.crt."""
    signing = ec.generate_private_key(ec.SECP256R1())
    authority = Pair.make(folder, "client-ca", private=signing, ca=True)
    return Pair.make(folder, "alice", hosts=(), issuer=authority, signing=signing)


@pytest.mark.parametrize("mode", ["require-and-verify-client-cert", "verify-client-cert-if-given"])
def test_clients_show_certificates(
    engine: Dockerd,
    tools: ContainerTools,
    folder: Path,
    commands: str,
    client: Pair,
    image: str,
    mode: str,
) -> None:
    own, certs = folder / "selfsigned", folder / "certs.d" / CLIENT_ADDRESS
    tls = {
        "certificate": str(own / "registry.crt"),
        "key": str(own / "registry.key"),
        "clientcas": [str(folder / "client-ca.crt")],
        "clientauth": mode,
    }
    certs.mkdir(parents=True)
    shutil.copy(own / "registry.crt", certs / "ca.crt")
    name, target = f"{CLIENT_ADDRESS}/hello", f"docker://{CLIENT_ADDRESS}/skopeo:1"
    required = mode == "require-and-verify-client-cert"
    try:
        with SecureRegistry(engine.namespace, folder / mode, CLIENT_PORT, tls):
            engine.docker("tag", "hello-world", name)
            if required:
                assert "certificate required" in engine.refused("push", name)
                tools.skopeo("copy", "--dest-cert-dir", certs, image, target, expect=1)
            else:
                engine.docker("push", name)
                tools.skopeo("copy", "--dest-cert-dir", certs, image, target)
            shutil.copy(client.certificate, certs / "client.cert")
            shutil.copy(client.key, certs / "client.key")
            engine.docker("push", name)
            tools.skopeo("copy", "--dest-cert-dir", certs, image, target)
            # One of another CA: docker is not told which are wanted, and sends it.
            stranger = Pair.make(folder, "stranger", hosts=())
            shutil.copy(stranger.certificate, certs / "client.cert")
            shutil.copy(stranger.key, certs / "client.key")
            assert "unknown certificate authority" in engine.refused("push", name)
            forced = [*("--cert", str(stranger.certificate)), *("--key", str(stranger.key))]
            url = f"https://{CLIENT_ADDRESS}/v2/"
            asked = ["curl", "--silent", "--insecure", "--write-out", "%{http_code}"]
            assert engine.run([*asked, *forced, url], expect=None) == "000"
    finally:
        shutil.rmtree(certs)


def wait_for(registry: SecureRegistry, times: int) -> None:
    """Wait until so many certificates were taken."""
    deadline = time.monotonic() + PATIENCE
    while registry.log().count("new connections get the new certificate") < times:
        assert time.monotonic() < deadline, registry.daemon.tail()
        time.sleep(0.1)
    time.sleep(2)


def test_eight_clients_push_while_the_certificate_is_replaced(
    engine: Dockerd, tools: ContainerTools, folder: Path, image: str
) -> None:
    signing = ec.generate_private_key(ec.SECP256R1())
    authority = Pair.make(folder, "server-ca", private=signing, ca=True)
    trust = folder / "trust"
    trust.mkdir()
    shutil.copy(authority.certificate, trust / "ca.crt")

    def make(name: str) -> Pair:
        return Pair.make(folder, name, hosts=(HOST,), issuer=authority, signing=signing)

    pair = make("live")
    tls = {"certificate": str(pair.certificate), "key": str(pair.key)}
    ending = threading.Event()
    with SecureRegistry(engine.namespace, folder / "replaced", 5445, tls) as registry:

        def push(number: int) -> int:
            pushed = 0
            while not ending.is_set():
                target = f"docker://{registry.address}/client{number}/{pushed}:1"
                # No retries: whatever fails, fails the test.
                tools.skopeo("copy", "--retry-times=0", "--dest-cert-dir", trust, image, target)
                pushed += 1
            return pushed

        with ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(push, number) for number in range(8)]
            try:
                for turn in range(4):
                    other = make(f"turn{turn}")
                    os.replace(other.key, pair.key)
                    os.replace(other.certificate, pair.certificate)
                    wait_for(registry, turn + 1)
            finally:
                ending.set()
            counts = [client.result() for client in clients]
    print(f"{sum(counts)} images pushed")
    assert min(counts) >= 1


def test_a_scan_finds_nothing_weak(engine: Dockerd, registry: SecureRegistry) -> None:
    said = engine.run(["sslscan", "--no-colour", ADDRESS])
    lines = [line.strip() for line in said.splitlines()]
    for version in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
        assert re.search(rf"^{re.escape(version)}\s+disabled$", said, re.MULTILINE), said
    bleeding = [line for line in lines if line.endswith("vulnerable to heartbleed")]
    assert bleeding
    assert all(" not vulnerable" in line for line in bleeding)
    assert "Compression enabled" not in said
    assert "Insecure session renegotiation" not in said
    found = re.findall(
        r"^(?:Preferred|Accepted)\s+(\S+)\s+(\d+)\s+bits\s+(\S+)", said, re.MULTILINE
    )
    assert {version for version, _, _ in found} == {"TLSv1.2", "TLSv1.3"}
    assert len(found) == 6  # a certificate of ECDSA; three of each version
    for _, bits, suite in found:
        assert int(bits) >= 128
        assert suite.startswith(("TLS_", "ECDHE-ECDSA-")), suite
        assert "GCM" in suite or "CHACHA20" in suite, suite
    print(said)
