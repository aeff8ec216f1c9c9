"""Ports that stay free until whoever asked for them listens, however long that takes.

A port that the kernel chooses may be given to anybody's next connection as soon as it is let go
of. So these lie where the kernel never chooses, and are claimed for as long as this process lives:
by an abstract Unix socket, which, as ports do, belongs to a network namespace.
"""

import random
import socket
from pathlib import Path

_FIRST, _TRIES = 10_000, 1_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_claims: list[socket.socket] = []


def free_port() -> int:
    """Give a port of the loopback, for TCP or UDP, that nobody has or is given."""
    below = int(_EPHEMERAL.read_text("ascii").split()[0])
    for _ in range(_TRIES):
        port = random.randrange(_FIRST, below)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0port {port} of a test")
            _probe(port)
        except OSError:
            claim.close()
        else:
            _claims.append(claim)
            return port
    raise RuntimeError("no port is free")


def _probe(port: int) -> None:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("0.0.0.0", port))
