"""A registry that speaks TLS on an address that no client takes for a private matter.

dockerd trusts 127.0.0.0/8 without looking at certificates, so this one has an address of its own.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import ENTREPOT
from tests.acceptance.harness.process import Daemon
from tests.acceptance.harness.registry import plain_settings

HOST = "10.77.0.1"


def add_address(namespace: Namespace) -> None:
    """Give a host the address."""
    namespace.run(["ip", "address", "replace", f"{HOST}/32", "dev", "lo"])


class SecureRegistry:
    """A running registry.

    Args:
        namespace: the host that it runs on, which has the address.
        directory: where its data, configuration and log lie.
        port: on that address.
        tls: `http.tls`.
        http: further keys of `http`.
    """

    def __init__(
        self, namespace: Namespace, directory: Path, port: int, tls: dict[str, Any], **http: Any
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.address = f"{HOST}:{port}"
        settings = plain_settings(directory / "data", port)
        settings["http"] = {"addr": self.address, "tls": tls, **http}
        config = directory / "config.yml"
        config.write_text(yaml.safe_dump(settings))
        self._namespace = namespace
        self.daemon = Daemon(
            f"registry on {self.address}",
            namespace.command([ENTREPOT, "serve", config]),
            directory / "log",
            cwd=directory,
        )
        self.daemon.wait_until(self._listens, "listener")

    def _listens(self) -> bool:
        done = ["curl", "--insecure", "--silent", "--max-time", "5", f"https://{self.address}/v2/"]
        # Without a client's certificate a handshake may be refused, which is an answer, too.
        asked = [*done, "--output", "/dev/null", "--write-out", "%{errormsg}"]
        said = self._namespace.run(asked, expect=None)
        return "refused" not in said and "Failed to connect" not in said

    def log(self) -> str:
        """Everything that it wrote."""
        return self.daemon.log.read_text(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.daemon.stop()
