"""Loads made of many small requests, each asking for one path over kept connections."""

from __future__ import annotations

import resource
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench import apache_bench, wrk
from bench.processes import cpu_seconds, machine_time
from bench.servers import Server

# Docker Registry 2.8 serves an OCI manifest only to a client that names its type.
ACCEPT = ", ".join(
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "*/*",
    ]
)


class LoadError(Exception):
    """Requests failed: a number over them would mean nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of a generator saw, and what it cost both sides."""

    outcome: wrk.Outcome
    server_cpu_seconds: float
    generator_cpu_seconds: float
    idle_cores: float

    @property
    def per_second(self) -> float:
        return self.outcome.requests / self.outcome.seconds

    @property
    def cpu_microseconds(self) -> float:
        return self.server_cpu_seconds / self.outcome.requests * 1e6

    @property
    def generator_cores(self) -> float:
        return self.generator_cpu_seconds / self.outcome.seconds


def children_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def load(
    server: Server,
    path: str,
    *,
    seconds: float,
    connections: int = 16,
    method: str = "GET",
    scheme: str = "http",
    authorization: str | None = None,
) -> Load:
    """Ask for one path over and over.

    Raises:
        LoadError: an answer was no success, or a connection broke.
    """
    url, whole = f"{scheme}://127.0.0.1:{server.port}{path}", max(1, round(seconds))
    with tempfile.TemporaryDirectory() as directory:
        if method == "HEAD":
            command = apache_bench.command(url, ACCEPT, whole, connections)
        else:
            command = wrk.command(Path(directory), url, ACCEPT, whole, connections, authorization)
        own, before = children_cpu_seconds(), cpu_seconds(server.pid)
        machine = machine_time()
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        idle = machine.idle_cores_until(machine_time())
        spent, own = cpu_seconds(server.pid) - before, children_cpu_seconds() - own
    if result.returncode:
        raise LoadError(f"{command[0]} failed:\n{result.stderr}")
    outcome = (apache_bench if method == "HEAD" else wrk).parse(result.stdout)
    if outcome.errors or not outcome.requests:
        counts = f"{outcome.errors} errors of {outcome.requests}"
        raise LoadError(f"{method} {path} on {server.name}: {counts}")
    return Load(outcome, spent, own, idle)
