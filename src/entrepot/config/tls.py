"""The section ``http.tls``."""

import re
from dataclasses import dataclass, field
from typing import Annotated

from entrepot.config.addresses import HostAndPort, TcpAddress, Url, parse_tcp_address
from entrepot.config.cipher_suites import CipherSuites
from entrepot.config.fields import ReadBy, Text

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.IGNORECASE)

REQUIRE_AND_VERIFY = "require-and-verify-client-cert"
VERIFY_IF_GIVEN = "verify-client-cert-if-given"
NO_CLIENT_CERTIFICATE = "none"
# These take certificates that nobody has vouched for; the TLS library has no such thing.
_UNVERIFIED = ("request-client-cert", "require-any-client-cert")


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


def _minimum(value: object) -> str:
    if isinstance(value, str) and value.lower() in ("tls1.2", "tls1.3"):
        return value.lower()
    raise ValueError("tls1.2 or tls1.3 (older versions are broken, and not offered)")


def _client_auth(value: object) -> str:
    had = (REQUIRE_AND_VERIFY, VERIFY_IF_GIVEN, NO_CLIENT_CERTIFICATE)
    if isinstance(value, str) and value.lower() in had:
        return value.lower()
    if isinstance(value, str) and value.lower() in _UNVERIFIED:
        raise ValueError(
            f"one of {', '.join(had)}: OpenSSL, as Python offers it, verifies every client"
            " certificate, so one that no CA of http.tls.clientcas has signed cannot be let in"
        )
    raise ValueError(f"one of {', '.join(had)}")


def _files(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(one, str) and one for one in value):
        return tuple(str(one) for one in value)
    raise ValueError("a list of files, such as [/etc/entrepot/client-ca.pem]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """``http.tls``.

    Args:
        certificate: the file of the certificate and its chain, PEM.
        key: the file of its private key, PEM: PKCS#1, SEC1 or PKCS#8, also encrypted.
        keypassphrase: what an encrypted key is opened with.
        keypassphrasefile: a file with it, in its first line.
        minimumtls: ``tls1.2`` or ``tls1.3``.
        ciphersuites: those of TLS 1.2 that are served; empty for all that are not weak.
        clientcas: files of the CAs whose client certificates are accepted.
        clientauth: whether a client needs a certificate, where there are ``clientcas``; None
            is ``require-and-verify-client-cert``.
        letsencrypt: a certificate that is fetched, instead of one from a file.
    """

    certificate: Text | None = None
    key: Text | None = None
    keypassphrase: Text | None = field(default=None, repr=False)
    keypassphrasefile: Text | None = None
    minimumtls: Annotated[str, ReadBy(_minimum)] = "tls1.2"
    ciphersuites: CipherSuites = ()
    clientcas: Annotated[tuple[str, ...], ReadBy(_files)] = ()
    clientauth: Annotated[str | None, ReadBy(_client_auth)] = None
    letsencrypt: LetsEncryptSettings = field(default_factory=LetsEncryptSettings)

    @property
    def enabled(self) -> bool:
        """Whether the registry itself speaks TLS."""
        return self.letsencrypt.enabled or (self.certificate is not None and self.key is not None)

    @property
    def asks_for_client_certificates(self) -> bool:
        """Whether clients are asked for a certificate at all."""
        return bool(self.clientcas) and self.clientauth != NO_CLIENT_CERTIFICATE
