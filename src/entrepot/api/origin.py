"""Where requests come from, and the URLs of what they create."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_network

from entrepot.api.parse.forwarded import Origin, is_host, is_trusted, read_forwarded
from entrepot.api.request import Request, Scope

# A host name has at most 253 characters (RFC 1035 section 2.3.4), and its port 6.
_LONGEST_HOST = 260
_TOLD = frozenset({b"forwarded", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-for"})


class Origins:
    """Reads the origin of requests, and what trusted proxies say about it.

    Args:
        trusted: networks of proxies, such as `10.0.0.0/8`.
    """

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self._trusted = tuple(ip_network(network) for network in trusted)
        self._is_trusted = lru_cache(maxsize=1024)(
            lambda address: is_trusted(address, self._trusted)
        )

    def find(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Origin:
        """Give the scheme, host and client of a request."""
        client = scope.get("client")
        address = client[0] if client else ""
        host = headers.get(b"host", b"")
        # Before the lookup: the cache holds keys as long as the ones it is given.
        seen = _seen(scope["scheme"], host if len(host) <= _LONGEST_HOST else b"", address)
        if _TOLD.isdisjoint(headers) or not self._is_trusted(address):
            return seen
        return read_forwarded(headers, seen)


@lru_cache(maxsize=1024)  # it is the same for all requests of a client
def _seen(scheme: str, host_header: bytes, address: str) -> Origin:
    host = host_header.decode("latin-1")
    return Origin(scheme, host if is_host(host) else "", address)


class Locations:
    """Builds URLs.

    Args:
        prefix: `http.prefix`, with a slash at both ends.
        host: `http.host`, a URL; None uses the request's own.
        relative: `http.relativeurls`.
    """

    def __init__(self, prefix: str, host: str | None, *, relative: bool) -> None:
        self._prefix = prefix
        self._host = host.rstrip("/") if host else None
        self._relative = relative

    def url(self, request: Request, path: str) -> str:
        """Give the URL of a path under the prefix, such as `v2/app/blobs/sha256:…`."""
        path = f"{self._prefix}{path}"
        if self._relative:
            return path
        if self._host is not None:
            return f"{self._host}{path}"
        origin = request.origin
        return f"{origin.scheme}://{origin.host}{path}" if origin.host else path
