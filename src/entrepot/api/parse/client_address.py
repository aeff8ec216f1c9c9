"""The address that a login comes from, found so that strangers cannot choose it."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from entrepot.api.parse.forwarded import Network, is_trusted
from entrepot.api.request import Scope
from entrepot.config.addresses import PRIVATE_NETWORKS

_LOOPBACK = ("127.0.0.0/8", "::1/128")
_MOST_HOPS = 20
# IPv6 with an IPv4 tail and an interface name.
_LONGEST_ADDRESS = 45 + 1 + 16


class ClientAddresses:
    """Finds the address by which guesses are counted.

    The networks whose proxies are trusted by default are not trusted here: anyone in them could
    use another address for each guess. Only proxies on this machine are, and those that the
    operator lists.

    Args:
        trusted: `http.trustedproxies`.
    """

    def __init__(self, trusted: tuple[str, ...]) -> None:
        named = _LOOPBACK if trusted == PRIVATE_NETWORKS else trusted
        self._networks: tuple[Network, ...] = tuple(ip_network(network) for network in named)
        self._is_trusted = lru_cache(maxsize=1024)(
            lambda address: is_trusted(address, self._networks)
        )

    def of_peer(self, address: str) -> str:
        """Give the address of a connection; empty for a proxy, which has many clients."""
        return "" if self._is_trusted(address) else bucket(address)

    def find(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Give the address: of the peer, or the last one reported by trusted proxies."""
        client = scope.get("client")
        address = client[0] if client else ""
        told = headers.get(b"x-forwarded-for")
        if told is None or not self._is_trusted(address):
            return bucket(address)
        # Each proxy appends its peer; strangers may have written what comes before.
        for hop in reversed(told.decode("latin-1").split(",")[-_MOST_HOPS:]):
            found = bucket(hop.strip())
            if not found:
                break
            address = hop.strip()
            if not self._is_trusted(address):
                break
        return bucket(address)


def bucket(address: str) -> str:
    """Give what counts as one address: for IPv6 a /64 network, which one host often has.

    Args:
        address: as a socket or a proxy reports it.

    Returns:
        An empty string if it is not an address, as for a Unix socket.
    """
    return _bucket(address) if len(address) <= _LONGEST_ADDRESS else ""


@lru_cache(maxsize=4096)
def _bucket(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
