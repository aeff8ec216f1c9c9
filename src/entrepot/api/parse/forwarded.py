"""Forwarded and X-Forwarded-*: what a trusted proxy says about the request (RFC 7239)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,"\s]*))\s*')
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Origin:
    """How the client sees the registry, and who it is."""

    scheme: str
    host: str
    client: str


def is_host(text: str) -> bool:
    """Tell whether a text is a host, perhaps with a port, that is valid in a URL."""
    return _HOST.fullmatch(text) is not None


def is_trusted(address: str, networks: tuple[Network, ...]) -> bool:
    """Tell whether a peer is a trusted proxy."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address == ""  # a peer on a Unix socket
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(mapped in network or parsed in network for network in networks)


def read_forwarded(headers: Mapping[bytes, bytes], seen: Origin) -> Origin:
    """Give the origin that the nearest trusted proxy reports; the rest stays as seen.

    Args:
        headers: of a request that came from a trusted proxy.
        seen: what the connection itself says.
    """
    standard = headers.get(b"forwarded")
    if standard is not None:
        fields = _first_element(standard.decode("latin-1"))
    else:
        fields = {
            "proto": _first(headers.get(b"x-forwarded-proto")),
            "host": _first(headers.get(b"x-forwarded-host")),
            "for": _first(headers.get(b"x-forwarded-for")),
        }
    scheme = fields.get("proto", "").lower()
    host = fields.get("host", "")
    return Origin(
        scheme if scheme in ("http", "https") else seen.scheme,
        host if is_host(host) else seen.host,
        fields.get("for", "")[:100] or seen.client,
    )


def _first(value: bytes | None) -> str:
    return "" if value is None else value.decode("latin-1").partition(",")[0].strip()


def _first_element(header: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    position = 0
    while match := _PAIR.match(header, position):
        name, quoted, token = match.groups()
        fields.setdefault(name.lower(), token if quoted is None else quoted)
        position = match.end()
        if header[position : position + 1] != ";":
            break
        position += 1
    return fields
