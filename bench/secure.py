"""Both registries with TLS, and clients that speak it and look at no certificate."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.client import Client
from bench.figures import DOCKER
from bench.processes import cpu_seconds, machine_time
from bench.servers import Server, configuration, free_port, started
from bench.small_requests import children_cpu_seconds


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def secure_answers(port: int, path: str) -> bool:
    """Whether the server gives an HTTPS answer."""
    try:
        with SecureClient(port) as client:
            return client.request("GET", path, 200, 401, 404).status < 500
    except OSError:
        return False


class SecureClient(Client):
    """One connection with TLS to a server on loopback."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._connection = trusting().wrap_socket(self._connection)

    def head(self, method: str, target: str, headers: dict[str, str]) -> bytes:
        return super().head(method, target.removeprefix(f"https://127.0.0.1:{self.port}"), headers)


@contextmanager
def secure_registry(series: str, root: Path, certificate: Path, key: Path) -> Iterator[Server]:
    """Run one of both registries with TLS."""
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = configuration(root, port)
    with config.open("a") as file:
        file.write(f"  tls:\n    certificate: {certificate}\n    key: {key}\n")
    own = str(Path(sys.executable).with_name("entrepot"))
    program = "docker-registry" if series == DOCKER else own
    command = [program, "serve", str(config)]
    with started(series, command, root, port, "/v2/", secure_answers) as server:
        yield server


def make_certificate(root: Path) -> tuple[Path, Path]:
    """A certificate of ECDSA over P-256 for both."""
    out = root / "certificate"
    program = Path(sys.executable).with_name("entrepot")
    command = [str(program), "tls", "selfsigned", "--host", "127.0.0.1", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return out / "registry.crt", out / "registry.key"


def discard(port: int, path: str, *, secure: bool) -> int:
    """Fetch a path and throw the body away, the same way with TLS and without; gives its length."""
    with (SecureClient if secure else Client)(port) as client:
        client.send(client.head("GET", path, {}))
        return client.discard()


@dataclass(frozen=True, slots=True)
class Handshakes:
    """What several clients that only shake hands did."""

    count: int
    seconds: float
    server_cpu_seconds: float
    generator_cpu_seconds: float
    idle_cores: float


def shake_hands(server: Server, seconds: float, clients: int = 4) -> Handshakes:
    """Open connections without resumption, one after the other with each client."""
    address = f"127.0.0.1:{server.port}"
    time_limit = str(max(1, round(seconds)))
    command = ["openssl", "s_time", "-connect", address, "-new", "-time", time_limit]
    before, own = cpu_seconds(server.pid), children_cpu_seconds()
    begun, machine = time.perf_counter(), machine_time()
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(clients)
    ]
    said = [process.communicate()[0] for process in running]
    elapsed, idle = time.perf_counter() - begun, machine.idle_cores_until(machine_time())
    counts = [int(one) for one in re.findall(r"(\d+) connections in \d+ real", "".join(said))]
    if len(counts) != clients:
        raise RuntimeError(f"openssl s_time said no result: {said}")
    spent, used = cpu_seconds(server.pid) - before, children_cpu_seconds() - own
    return Handshakes(sum(counts), elapsed, spent, used, idle)
