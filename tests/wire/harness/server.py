"""A real registry in processes of its own, as a user starts it."""

import contextlib
import http.client
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from tests.ports import free_port
from tests.waiting import PATIENCE

PROGRAM = Path(sys.executable).with_name("entrepot")


class Registry:
    """A running registry: where it listens, where its data and log lie."""

    def __init__(self, directory: Path, changes: dict[str, Any] | None = None) -> None:
        self.port = free_port()
        self.authority = f"127.0.0.1:{self.port}"
        self.data = directory / "data"
        self.log = directory / "registry.log"
        self.configuration = directory / "config.yml"
        document = merged(default_configuration(self.port, self.data), changes or {})
        self.configuration.write_text(yaml.safe_dump(document))

    @property
    def process(self) -> int:
        """The number of its first process."""
        return self._process.pid

    def start(self) -> None:
        """Start it and wait for its first answer."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "serve", self.configuration], stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the registry did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def stop(self) -> int:
        """End it as an operator does, and tell its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.stopped()

    def stopped(self) -> int:
        """Wait for its end, and tell its exit code."""
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait(PATIENCE)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.authority, timeout=PATIENCE)
        try:
            connection.request("GET", "/v2/")
            # 401: it runs, and asks who we are.
            return connection.getresponse().status in {200, 401}
        except OSError:
            return False
        finally:
            connection.close()


def default_configuration(port: int, data: Path) -> dict[str, Any]:
    """A registry on the loopback with files, SQLite and deletion."""
    return {
        "version": 0.1,
        "log": {"level": "debug"},
        "storage": {
            "filesystem": {"rootdirectory": str(data)},
            "delete": {"enabled": True},
        },
        "http": {
            "addr": f"127.0.0.1:{port}",
            "draintimeout": "60s",
        },
        # Longer than any test waits: what ends sooner has not ended because nothing came.
        "server": {"workers": 2, "timeouts": {"idle": "10m", "body": "10m"}},
    }


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one configuration over another."""
    document = dict(below)
    for key, value in above.items():
        known = document.get(key)
        both = isinstance(value, dict) and isinstance(known, dict)
        document[key] = merged(document[key], value) if both else value
    return document
