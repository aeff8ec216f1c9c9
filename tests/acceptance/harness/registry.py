"""A registry on a host of the test's own: started from a config.yml, asked, and stopped."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import registry_command
from tests.acceptance.harness.process import Daemon
from tests.acceptance.harness.wire import Wire

Settings = dict[str, Any]


class Registry:
    """A running registry; its address is of the host's own loopback."""

    def __init__(
        self,
        namespace: Namespace,
        directory: Path,
        *,
        port: int = 5000,
        settings: Settings | None = None,
        command: Sequence[str | Path] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start it and wait for its first answer.

        Args:
            namespace: The host that it runs on.
            directory: Where its data lies; the configuration and the log go beside it.
            port: Port on the host's loopback.
            settings: Sections of config.yml that are laid over the plain ones.
            command: Another program than the one under test, up to its configuration file.
            env: Variables that it is started with.
        """
        self.namespace = namespace
        self.directory = directory
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self.wire = Wire(namespace, port)
        directory.mkdir(parents=True, exist_ok=True)
        config = directory.with_suffix(f".{port}.yml")
        config.write_text(yaml.safe_dump(_over(plain_settings(directory, port), settings or {})))
        self.daemon = Daemon(
            f"registry on port {port}",
            namespace.command([*(command or registry_command()), config]),
            directory.with_suffix(f".{port}.log"),
            env=env,
            cwd=directory.parent,
        )
        self.daemon.wait_until(self.wire.answers, "answer on /v2/")

    def stop(self) -> None:
        """End it with SIGTERM."""
        self.daemon.stop()

    def __enter__(self) -> "Registry":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def plain_settings(directory: Path, port: int) -> Settings:
    """The config.yml that a small installation of Docker Registry has."""
    return {
        "version": 0.1,
        "log": {"level": "info", "fields": {"service": "registry"}},
        "storage": {
            "filesystem": {"rootdirectory": str(directory)},
            "delete": {"enabled": True},
        },
        "http": {"addr": f"127.0.0.1:{port}"},
    }


def _over(below: Settings, above: Settings) -> Settings:
    merged = copy.deepcopy(below)
    for key, value in above.items():
        inner = merged.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            merged[key] = _over(inner, value)
        else:
            merged[key] = value
    return merged
