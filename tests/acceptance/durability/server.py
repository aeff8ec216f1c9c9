"""A registry as real processes on a free port of this machine's loopback, to be ill-treated."""

import http.client
import os
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.durability.processes import children, ended
from tests.acceptance.harness.paths import ENTREPOT
from tests.acceptance.harness.process import Daemon
from tests.acceptance.harness.registry import plain_settings
from tests.acceptance.harness.wire import Answer
from tests.wire.harness.server import merged

Settings = dict[str, Any]


class Server:
    """A running registry.

    Args:
        directory: where the configuration, the log and, unless told otherwise, the data lie.
        settings: sections of config.yml that are laid over the plain ones.
        before: a command that is to run the registry: `strace …`, `unshare …`.
        env: variables that it is started with.
        data: where its data lies.
        wait: return when it answers; else at once.
    """

    def __init__(
        self,
        directory: Path,
        settings: Settings | None = None,
        *,
        before: Sequence[str | Path] = (),
        env: Mapping[str, str] | None = None,
        data: Path | None = None,
        wait: bool = True,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.data = data or directory / "data"
        self.port = free_port()
        config = directory / "config.yml"
        plain = plain_settings(self.data, self.port) | {"log": {"level": "info"}}
        config.write_text(yaml.safe_dump(merged(plain, settings or {})))
        self.daemon = Daemon(
            f"registry on port {self.port}",
            [*before, ENTREPOT, "serve", config],
            directory / "log",
            env=env,
            cwd=directory,
        )
        if wait:
            self.wait()

    def wait(self) -> None:
        """Wait for the first answer."""
        self.daemon.wait_until(self.answers, "answer on /v2/", 60)

    def answers(self) -> bool:
        """Tell whether /v2/ answers 200."""
        try:
            return self.request("GET", "/v2/", timeout=10).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Answer:
        """Send one request on a connection of its own and read the whole answer.

        Args:
            method: the verb.
            path: a path, or a Location as the server gave it.
            body: bytes with their length, or pieces that are sent as chunks without one.
            headers: beside Host and the length.
            timeout: seconds that the server may be silent.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        target = path.removeprefix(f"http://127.0.0.1:{self.port}")
        try:
            connection.request(
                method,
                target,
                body,
                dict(headers or {}),
                encode_chunked=body is not None and not isinstance(body, bytes),
            )
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """List the processes that answer requests."""
        return [
            pid
            for pid in children(self.daemon.pid)
            if "spawn_main" in _command_line(pid) or "worker-" in _command_line(pid)
        ]

    def log(self) -> str:
        """Everything that it wrote."""
        return self.daemon.log.read_text(errors="replace")

    def kill(self) -> None:
        """End the whole tree at once, as a machine that stops does to its processes."""
        family = [self.daemon.pid, *children(self.daemon.pid)]
        os.killpg(self.daemon.pid, signal.SIGKILL)
        self.daemon.stop()
        ended(family)

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        return self.daemon.stop()


def free_port() -> int:
    """Find a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(directory: Path, settings: Settings | None = None, **more: Any) -> Iterator[Server]:
    """Run a registry until the block ends; see `Server`."""
    server = Server(directory, settings, **more)
    try:
        yield server
    finally:
        server.stop()


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
