"""The sections ``server`` and ``node``, Entrepot's own: processes, patience, limits, a name."""

import re
from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.fields import PositiveSeconds, ReadBy, at_least, size_of_at_least

KIBIBYTE = 1 << 10
MEBIBYTE = 1 << 20
MANIFEST_LIMIT = 4 * MEBIBYTE
"""What Docker Registry takes at most, and the specification asks for at least."""


_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def _node(value: object) -> str:
    if isinstance(value, str) and _NODE.fullmatch(value):
        return value
    raise ValueError("letters, digits, '.', '_' and '-', 63 at most, such as registry-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """``node``.

    Args:
        name: tells this machine from others that serve the same registry; None means the name
            that the machine has.
    """

    name: Annotated[str, ReadBy(_node)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutSettings:
    """``server.timeouts``, in seconds.

    Args:
        idle: a connection on which no whole request header came for this long is closed. Longer
            than the 90 s that Docker's and containerd's HTTP library keeps a connection, so that
            it is the client that closes it, never the server while a request is on its way.
        body: a body of which less than 16 KiB came for this long is given up, and so is a manifest
            that did not come whole, and a reader of an answer who has read nothing.
        lease: a claim on an upload session is free again this long after its worker's last sign.
    """

    idle: PositiveSeconds = 120.0
    body: PositiveSeconds = 60.0
    lease: PositiveSeconds = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """``server.limits``.

    Args:
        uploads: requests that write blobs, at once, on one node.
        header: bytes of a request's header.
        manifest: bytes of a manifest that is pushed, imported or adopted.
        clientconnections: connections from one address, but for this machine's and the proxies
            that ``http.trustedproxies`` names.
    """

    uploads: Annotated[int, at_least(1)] = 10_000
    header: Annotated[int, size_of_at_least(8 * KIBIBYTE)] = 64 * KIBIBYTE
    manifest: Annotated[int, size_of_at_least(MANIFEST_LIMIT)] = MANIFEST_LIMIT
    clientconnections: Annotated[int, at_least(1)] = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """``server``.

    Args:
        workers: processes that answer; None means one a core.
        connections: connections at once, on one node.
        timeouts: how long clients may take.
        limits: how much clients may send.
    """

    workers: Annotated[int, at_least(1)] | None = None
    connections: Annotated[int, at_least(1)] = 20_000
    timeouts: TimeoutSettings = field(default_factory=TimeoutSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
