"""The servers under test: started the same way, on free loopback ports, in roots of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import DISTRIBUTION, DOCKER, ENTREPOT

REPOSITORY = Path(__file__).parent.parent
START_LIMIT_SECONDS = 60.0
DISTRIBUTION_PROGRAM = Path("/var/cache/entrepot-bench/docker-registry-3.1/registry")


class ServerError(Exception):
    """A server did not start, or ended by itself."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Args:
        name: the series' name in the tables.
        pid: the root of its process tree.
        port: on 127.0.0.1.
        root: the directory of its data, configuration and log.
        seconds_to_answer: from the start of the process to its first answer.
    """

    name: str
    pid: int
    port: int
    root: Path
    seconds_to_answer: float


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def answers(port: int, path: str) -> bool:
    """Whether the server gives any HTTP answer below 500."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            first = connection.recv(64)
    except OSError:
        return False
    return first.startswith(b"HTTP/1.1 ") and first[9:10] in b"1234" and len(first) > 9


@contextmanager
def started(
    name: str,
    command: list[str],
    root: Path,
    port: int,
    ready: str,
    answered: Callable[[int, str], bool] = answers,
) -> Iterator[Server]:
    """Run a command as a server until the block ends."""
    begun = time.perf_counter()
    with (root / "log").open("ab") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=root, env=clean_environment()
        )
    try:
        while not answered(port, ready):
            if process.poll() is not None or time.perf_counter() - begun > START_LIMIT_SECONDS:
                tail = (root / "log").read_text(errors="replace")[-2000:]
                raise ServerError(f"{name} does not answer {ready}:\n{tail}")
            time.sleep(0.005)
        seconds = time.perf_counter() - begun
        yield Server(name, process.pid, port, root, seconds)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def clean_environment() -> dict[str, str]:
    """Our environment without settings that would reach a server under test."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("REGISTRY_", "ENTREPOT_", "OTEL_"))
    } | {"PYTHONPATH": str(REPOSITORY)}


def configuration(root: Path, port: int) -> Path:
    """The same config.yml for both registries: filesystem, info log in combined form."""
    path = root / "config.yml"
    path.write_text(
        "version: 0.1\n"
        "log:\n  level: info\n"
        f"storage:\n  filesystem:\n    rootdirectory: {root}/data\n"
        "  delete:\n    enabled: true\n"
        f"http:\n  addr: 127.0.0.1:{port}\n  secret: benchmark\n"
    )
    return path


@contextmanager
def docker_registry(root: Path) -> Iterator[Server]:
    """Debian's docker-registry, as it comes."""
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = ["docker-registry", "serve", str(configuration(root, port))]
    with started(DOCKER, command, root, port, "/v2/") as server:
        yield server


def distribution_program() -> Path | None:
    """Docker Registry 3.1, as bench/install-packages builds it where there is a Go toolchain."""
    return DISTRIBUTION_PROGRAM if DISTRIBUTION_PROGRAM.exists() else None


@contextmanager
def distribution(root: Path, program: Path) -> Iterator[Server]:
    """Docker Registry 3.1 with the configuration of its image, but for the paths and deleting."""
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    path = root / "config.yml"
    path.write_text(
        "version: 0.1\n"
        "log:\n  fields:\n    service: registry\n"
        "storage:\n  cache:\n    blobdescriptor: inmemory\n"
        f"  filesystem:\n    rootdirectory: {root}/data\n"
        "  delete:\n    enabled: true\n"
        f"http:\n  addr: 127.0.0.1:{port}\n"
        "  headers:\n    X-Content-Type-Options: [nosniff]\n"
        "health:\n  storagedriver:\n    enabled: true\n    interval: 10s\n    threshold: 3\n"
    )
    # The image switches tracing off in the same way.
    command = ["env", "OTEL_TRACES_EXPORTER=none", str(program), "serve", str(path)]
    with started(DISTRIBUTION, command, root, port, "/v2/") as server:
        yield server


@contextmanager
def entrepot(root: Path) -> Iterator[Server]:
    """Entrepot of this checkout, as it comes."""
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    program = Path(sys.executable).with_name("entrepot")
    command = [str(program), "serve", str(configuration(root, port))]
    with started(ENTREPOT, command, root, port, "/v2/") as server:
        yield server


@contextmanager
def nginx(root: Path, files: Path) -> Iterator[Server]:
    """Nginx with sendfile, one worker a core, serving a directory of plain files."""
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise ServerError("nginx is not installed; see bench/install-packages")
    user = "user root;" if os.geteuid() == 0 else ""
    scratch = "".join(
        f"{kind}_temp_path {root}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = root / "nginx.conf"
    path.write_text(
        f"daemon off; worker_processes auto; pid {root}/pid; error_log {root}/error.log;\n"
        f"{user} events {{}}\n"
        f"http {{ access_log {root}/access.log; sendfile on; keepalive_requests 1000000;\n"
        f"{scratch}\nserver {{ listen 127.0.0.1:{port}; root {files}; }} }}\n"
    )
    with started("nginx", [program, "-c", str(path)], root, port, "/") as server:
        yield server


@contextmanager
def bare_asgi(root: Path) -> Iterator[Server]:
    """A few lines of ASGI on the same uvicorn: what a Python answer costs at the least."""
    root.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "bench.bare_app", str(port)]
    with started("bare ASGI", command, root, port, "/tiny") as server:
        yield server
