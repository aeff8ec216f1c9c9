"""Network namespaces: hosts of the test's own, each with its own loopback and ports.

`ip netns exec` is not used: it mounts another /sys, without the control groups that a
container engine needs.
"""

import ctypes
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.harness.paths import unique_name
from tests.acceptance.harness.process import run

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """One host on the network, made when constructed and gone after `delete`."""

    def __init__(self, label: str) -> None:
        self.name = unique_name(f"en-{label}-")
        self.path = Path("/run/netns") / self.name
        run(["ip", "netns", "add", self.name])
        self.run(["ip", "link", "set", "lo", "up"])

    def command(self, command: Sequence[str | Path]) -> list[str | Path]:
        """The command line that runs `command` on this host."""
        return ["nsenter", f"--net={self.path}", *command]

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str | None = None,
        timeout: float = 120,
        expect: int | None = 0,
    ) -> str:
        """Run a program on this host; see `process.run`."""
        return run(
            self.command(command), env=env, cwd=cwd, stdin=stdin, timeout=timeout, expect=expect
        )

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Sockets that this thread opens meanwhile belong to this host."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set_network_namespace(there)
            yield
        finally:
            _set_network_namespace(home)
            os.close(there)
            os.close(home)

    def connect(self, port: int, timeout: float = 30) -> socket.socket:
        """A connection to a port on this host's loopback."""
        with self.entered():
            return socket.create_connection(("127.0.0.1", port), timeout)

    def join(self, other: "Namespace", address: str, other_address: str) -> None:
        """Lay a cable to another host.

        Args:
            other: The host at the other end.
            address: This end's address with its prefix length, as 10.9.8.1/24.
            other_address: The other end's.
        """
        here, there = unique_name("va"), unique_name("vb")
        run(["ip", "link", "add", here, "type", "veth", "peer", "name", there])
        for namespace, link, own in ((self, here, address), (other, there, other_address)):
            run(["ip", "link", "set", link, "netns", namespace.name])
            namespace.run(["ip", "address", "add", own, "dev", link])
            namespace.run(["ip", "link", "set", link, "up"])

    def delete(self) -> None:
        """Remove the host; its cables go with it."""
        run(["ip", "netns", "delete", self.name])


def _set_network_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
