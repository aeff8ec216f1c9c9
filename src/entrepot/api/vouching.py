"""A proxy in front that checks the client's certificate and names its owner."""

import re
from ipaddress import ip_network

from entrepot.api.parse.forwarded import Network, is_trusted
from entrepot.api.request import Request
from entrepot.errors import Unauthenticated
from entrepot.ports.access import Caller, Kind

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,254}")
# RFC 4514, and OpenSSL's older form with slashes; the most specific name comes first or last.
_COMMON_NAME = re.compile(r"(?:^|[,/+])\s*CN\s*=\s*([^,/+]*)", re.IGNORECASE)


class VouchingProxy:
    """Reads a user's name from a header, in requests from the proxy itself.

    Args:
        header: its name, in lower case.
        networks: the proxy's addresses: those of connections, not of headers.
    """

    def __init__(self, header: str, networks: tuple[str, ...]) -> None:
        self._header = header.encode()
        self._networks: tuple[Network, ...] = tuple(ip_network(network) for network in networks)

    def find(self, request: Request) -> Caller | None:
        """Give the name; None if there is none, or the peer is not the proxy.

        Raises:
            Unauthenticated: the proxy says something that cannot be a user's name.
        """
        if self._header not in request.headers:
            return None
        client = request.scope.get("client")
        address = client[0] if client else ""
        # A Unix socket does not identify its peer, so it cannot vouch for anybody.
        if not address or not is_trusted(address, self._networks):
            return None
        values = [value for name, value in request.scope["headers"] if name == self._header]
        if len(values) > 1:
            # The proxy added its own to one that the client sent.
            raise Unauthenticated("the proxy's header with the client's name appears twice")
        text = values[0].decode("latin-1").strip()
        if not text:
            return None  # the client presented no certificate
        return Caller(_read_name(text), Kind.USER)


def _read_name(text: str) -> str:
    """Read a user's name, or the common name of a certificate's subject."""
    name = text
    if "=" in text:
        found = _COMMON_NAME.findall(text)
        if len(found) != 1 or "\\" in text or '"' in text:
            raise Unauthenticated("the client's certificate has no common name that can be read")
        name = found[0].strip()
    if not _NAME.fullmatch(name):
        raise Unauthenticated(
            "the client's certificate is for a name that is not a valid user name"
        )
    return name
