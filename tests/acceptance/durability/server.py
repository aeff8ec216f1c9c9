"""A registry as real processes on a free port of this machine's loopback, to be ill-treated."""

import contextlib
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.durability.processes import children, command_line, ended
from tests.acceptance.harness.journal import JOURNAL
from tests.acceptance.harness.paths import ENTREPOT
from tests.acceptance.harness.registry import plain_settings
from tests.acceptance.harness.wire import Answer
from tests.ports import free_port
from tests.wire.harness.server import merged

Settings = dict[str, Any]

START_SECONDS = 120
STOP_SECONDS = 120


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
        self._log = directory / "log"
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(word) for word in (*before, ENTREPOT, "serve", config)],
                env={**os.environ, **(env or {})},
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.name = f"registry on port {self.port}"
        JOURNAL.append(self)
        if wait:
            self.wait()

    def wait(self) -> None:
        """Wait for the first answer."""
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self.name} does not answer\n{self.tail()}")
            time.sleep(0.05)

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
            # The answer may come, and the connection be closed, before the body was taken.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, body, dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    @property
    def pid(self) -> int:
        """Process id of the supervisor; the process group has the same number."""
        return self._process.pid

    def workers(self) -> list[int]:
        """List the processes that answer requests: those that the nursery has made."""
        nurseries = [pid for pid in children(self.pid) if "forkserver" in command_line(pid)]
        return sorted({worker for pid in nurseries for worker in children(pid)})

    def log(self) -> str:
        """Everything that it wrote."""
        return self._log.read_text(errors="replace")

    def tail(self, lines: int = 20) -> str:
        """The last lines that it wrote."""
        return "\n".join(line[:400] for line in self.log().splitlines()[-lines:])

    def kill(self) -> None:
        """End the whole tree at once, as a machine that stops does to its processes."""
        family = [self.pid, *children(self.pid)]
        if self._process.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        self._forget()
        ended(family)

    def terminate(self) -> None:
        """Send SIGTERM, as an operator would, and return at once."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """SIGTERM, and wait for the end; returns the exit status."""
        if self._process.poll() is None:
            self.terminate()
        return self.wait_for_end(seconds)

    def wait_for_end(self, seconds: float = STOP_SECONDS) -> int:
        """Wait until it ends by itself; returns the exit status."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} does not end\n{self.tail()}") from None
        return self._forget()

    def _forget(self) -> int:
        if self in JOURNAL:
            JOURNAL.remove(self)
        return self._process.wait()


@contextmanager
def running(directory: Path, settings: Settings | None = None, **more: Any) -> Iterator[Server]:
    """Run a registry until the block ends; see `Server`."""
    server = Server(directory, settings, **more)
    try:
        yield server
    finally:
        server.stop()
