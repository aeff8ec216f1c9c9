"""Addresses to listen on, and ``http.trustedproxies``."""

import ipaddress
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from entrepot.config.fields import ReadBy

_EXPECTED = "HOST:PORT, such as 127.0.0.1:5000, :5000 or [::1]:5000"

# Whoever can send from these addresses is inside the operator's network already. What the headers
# decide is the scheme and host in Location and the address in the access log, not any right.
PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
)


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """An address of the network.

    Args:
        host: a name or an address without brackets; empty means every interface.
        port: 0 lets the system choose.
    """

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A socket in the filesystem.

    Args:
        path: the file.
    """

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


def parse_tcp_address(value: object) -> TcpAddress:
    """Read HOST:PORT as Go's net package does.

    Args:
        value: the text.

    Raises:
        ValueError: it is not HOST:PORT; the message says what was expected.
    """
    if not isinstance(value, str):
        raise ValueError(_EXPECTED)
    host, colon, port = value.strip().rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        raise ValueError(_EXPECTED)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise ValueError(_EXPECTED) from None
    elif ":" in host or any(character in host for character in "[]/ \t"):
        raise ValueError(_EXPECTED)
    return TcpAddress(host, int(port))


def _checked_tcp_address(value: object) -> str:
    parse_tcp_address(value)
    return str(value).strip()


def _url(value: object) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        if parts is not None and parts.scheme in ("http", "https") and parts.hostname:
            _ = parts.port  # raises where it is no number
            return str(value)
    except ValueError:
        pass
    raise ValueError("a URL such as https://registry.example.com")


Url = Annotated[str, ReadBy(_url)]
HostAndPort = Annotated[str, ReadBy(_checked_tcp_address)]


def _networks(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of networks, such as [10.0.0.0/8, 192.168.1.7]")
    try:
        return tuple(str(ipaddress.ip_network(network, strict=False)) for network in value)
    except ValueError as error:
        raise ValueError(f"a list of networks, such as [10.0.0.0/8] ({error})") from None


TrustedProxies = Annotated[tuple[str, ...], ReadBy(_networks)]
