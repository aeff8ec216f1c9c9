"""The section ``http.tls.letsencrypt``: certificates from a CA that speaks ACME (RFC 8555)."""

import re
from dataclasses import dataclass
from typing import Annotated

from entrepot.config.addresses import HostAndPort, TcpAddress, Url, parse_tcp_address
from entrepot.config.fields import ReadBy, Text

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.IGNORECASE)


def _hosts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of names, such as [registry.example.com]")
    for host in value:
        if not isinstance(host, str) or not _HOST.fullmatch(host) or len(host) > 253:
            raise ValueError(
                f"names that DNS knows, such as registry.example.com, not {host!r}"
                " (a wildcard needs a challenge by DNS, which is not offered)"
            )
    return tuple(host.lower() for host in value)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetsEncryptSettings:
    """``http.tls.letsencrypt``.

    Args:
        cachefile: the directory of the account's key and the certificate, as in Docker Registry 3.
        email: where the CA writes to.
        hosts: the names in the certificate, the first of which names it.
        directoryurl: where the CA's ACME begins.
        directorycas: a PEM file of CAs that vouch for that server; None takes the usual ones.
        listen: where http-01 challenges are answered; the CA asks port 80 of each host.
    """

    cachefile: Text | None = None
    email: Text | None = None
    hosts: Annotated[tuple[str, ...], ReadBy(_hosts)] = ()
    directoryurl: Url = LETS_ENCRYPT
    directorycas: Text | None = None
    listen: HostAndPort = ":80"

    @property
    def enabled(self) -> bool:
        """Whether certificates are fetched."""
        return self.cachefile is not None

    @property
    def address(self) -> TcpAddress:
        """``listen``, taken apart."""
        return parse_tcp_address(self.listen)
