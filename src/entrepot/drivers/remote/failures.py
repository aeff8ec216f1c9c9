"""What aiohttp raises, as errors of our own: each names the host, what failed and what to do."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from entrepot.errors import UpstreamFault, UpstreamOutage


@contextmanager
def translated(host: str) -> Iterator[None]:
    """Raise errors of the tree in place of the library's.

    Messages of the library are not passed on: they have whole addresses in them, with signatures.

    Args:
        host: that is talked to, for messages.
    """
    try:
        yield
    except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
        raise _translate(error, host) from error


# Most specific first: aiohttp's tree has several roots for most of its errors.
_OUTAGES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (aiohttp.ClientConnectorDNSError,),
        "cannot be reached: its name cannot be resolved; check the name and DNS",
    ),
    (
        (aiohttp.ClientConnectorCertificateError,),
        "has a TLS certificate that is not trusted ({tls}); if it is a private one, name its CA",
    ),
    (
        (aiohttp.ClientSSLError, ssl.SSLError),
        "cannot be reached: TLS failed ({tls}); check whether it speaks https, and which client "
        "certificate it asks for",
    ),
    (
        (aiohttp.ClientProxyConnectionError,),
        "cannot be reached: the proxy does not answer; check HTTPS_PROXY and NO_PROXY",
    ),
    (
        (aiohttp.ClientHttpProxyError,),
        "cannot be reached: the proxy refuses; check HTTPS_PROXY and NO_PROXY",
    ),
    (
        (aiohttp.ConnectionTimeoutError,),
        "cannot be reached: nothing answered in time; check the address, routes and firewalls",
    ),
    ((TimeoutError,), "is too slow: no answer in time; try again later"),
    (
        (aiohttp.ClientConnectorError,),
        "cannot be reached: {system}; check the address and the port, and that it runs",
    ),
    ((aiohttp.ClientPayloadError,), "ended an answer before its end; try again later"),
)


def _translate(error: Exception, host: str) -> UpstreamOutage:
    for kinds, told in _OUTAGES:
        if isinstance(error, kinds):
            return UpstreamOutage(
                f"{host} {told.format(tls=_tls_reason(error), system=_system_reason(error))}"
            )
    if isinstance(error, aiohttp.ClientResponseError | ValueError):  # of an address, too
        return UpstreamFault(f"{host} does not answer as HTTP has it")
    return UpstreamOutage(f"{host} broke the connection; try again later")


def _system_reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else "the connection failed"


def _tls_reason(error: Exception) -> str:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", error)
    told = getattr(cause, "verify_message", "") or getattr(cause, "reason", "")
    return str(told or "the handshake broke").lower().replace("_", " ")
