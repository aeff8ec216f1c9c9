"""From which address somebody tries to log in, told so that strangers cannot choose it."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from entrepot.api.parse.forwarded import Network, is_trusted
from entrepot.api.request import Scope
from entrepot.config.addresses import PRIVATE_NETWORKS

_LOOPBACK = ("127.0.0.0/8", "::1/128")
_MOST_HOPS = 20
# IPv6 with an IPv4 tail, and the name of an interface behind it.
_LONGEST_ADDRESS = 45 + 1 + 16


class ClientAddresses:
    """Finds the address by which guesses are counted.

    A network from which proxies are believed by default is not believed here: whoever is in it
    could take another address for each guess. Only proxies on this machine are, and those that
    the operator has named.

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
        """Give what a connection is counted under: nothing for a proxy, which has many clients."""
        return "" if self._is_trusted(address) else bucket(address)

    def find(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Give the address: of the peer, or the last that trusted proxies tell of."""
        client = scope.get("client")
        address = client[0] if client else ""
        told = headers.get(b"x-forwarded-for")
        if told is None or not self._is_trusted(address):
            return bucket(address)
        # Each proxy appends whom it has seen; what stands before that, strangers may have written.
        for hop in reversed(told.decode("latin-1").split(",")[-_MOST_HOPS:]):
            found = bucket(hop.strip())
            if not found:
                break
            address = hop.strip()
            if not self._is_trusted(address):
                break
        return bucket(address)


def bucket(address: str) -> str:
    """Give what counts as one address: of IPv6 a network of 64 bits, which one host often has.

    Args:
        address: as a socket or a proxy tells it.

    Returns:
        An empty text where it is no address, as for a Unix socket.
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
