"""The section ``http``: where the registry listens, and how it speaks."""

from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.addresses import (
    PRIVATE_NETWORKS,
    HostAndPort,
    TcpAddress,
    TrustedProxies,
    UnixAddress,
    Url,
    parse_tcp_address,
)
from entrepot.config.fields import Headers, ReadBy, Seconds, Switch, Text, one_of
from entrepot.config.tls import TlsSettings


def _prefix(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("/") or not value.endswith("/"):
        raise ValueError("a path that begins and ends with a slash, such as /registry/")
    return value


def _path(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise ValueError("a path that begins with a slash, such as /metrics")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusSettings:
    """``http.debug.prometheus``: metrics on the debug address."""

    enabled: Switch = False
    path: Annotated[str, ReadBy(_path)] = "/metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebugSettings:
    """``http.debug``: the second address, for health and metrics.

    Args:
        addr: HOST:PORT; None switches it off.
        prometheus: metrics there.
    """

    addr: HostAndPort | None = None
    prometheus: PrometheusSettings = field(default_factory=PrometheusSettings)

    @property
    def listen(self) -> TcpAddress | None:
        """``addr``, taken apart."""
        return parse_tcp_address(self.addr) if self.addr else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """``http``.

    Args:
        addr: HOST:PORT, or a file where ``net`` is ``unix``; ``listen`` has it taken apart.
        net: ``tcp`` or ``unix``.
        prefix: the path before ``v2/``; begins and ends with a slash.
        host: the URL under which clients see the registry; None takes it from each request.
        secret: accepted for Docker Registry's sake; clients hold no state that needs signing.
        relativeurls: Location headers name no host.
        draintimeout: seconds that running requests have to finish after SIGTERM.
        tls: certificate and key.
        headers: what is added to every answer.
        debug: the second address.
        trustedproxies: networks whose X-Forwarded-* and Forwarded headers are believed.
    """

    addr: Text = "127.0.0.1:5000"
    net: Annotated[str, one_of("tcp", "unix")] = "tcp"
    prefix: Annotated[str, ReadBy(_prefix)] = "/"
    host: Url | None = None
    secret: Text | None = field(default=None, repr=False)
    relativeurls: Switch = False
    draintimeout: Seconds = 60.0
    tls: TlsSettings = field(default_factory=TlsSettings)
    headers: Headers = field(default_factory=dict)
    debug: DebugSettings = field(default_factory=DebugSettings)
    trustedproxies: TrustedProxies = PRIVATE_NETWORKS

    @property
    def listen(self) -> TcpAddress | UnixAddress:
        """``addr``, taken apart as ``net`` says.

        Raises:
            ValueError: ``addr`` is not HOST:PORT; checked when the configuration was read.
        """
        return UnixAddress(self.addr) if self.net == "unix" else parse_tcp_address(self.addr)
