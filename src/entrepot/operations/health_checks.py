"""The health checks of the configuration: files, addresses, URLs."""

import base64
import http.client
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from entrepot.config.masking import mask_url

Check = Callable[[], None]


class _KeepHead(urllib.request.HTTPRedirectHandler):
    """Asks HEAD again where it is sent to, and not GET."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None:
            request.method = req.get_method()
        return request


_OPENER = urllib.request.build_opener(_KeepHead)


def http_check(
    uri: str, status: int, timeout: float, headers: Mapping[str, Sequence[str]]
) -> Check:
    """Fail unless a HEAD request is answered with a status; redirects are followed.

    Args:
        uri: whom to ask; http or https.
        status: the answer that is wanted.
        timeout: seconds for the whole of it.
        headers: sent with the request.
    """
    shown = mask_url(uri)

    def check() -> None:
        try:
            request = _head_request(uri, headers)
        except ValueError as error:
            raise CheckFailed(f"{shown}: error creating request: {error}") from error
        began = time.monotonic()
        try:
            with _OPENER.open(request, timeout=timeout) as answer:
                answered = answer.status
        except urllib.error.HTTPError as error:
            answered = error.code
            error.close()
        except (ValueError, http.client.InvalidURL) as error:
            # What these say quotes the URL, its secrets included.
            raise CheckFailed(f"{shown}: error while checking: not a valid URL") from error
        except (OSError, http.client.HTTPException) as error:
            raise CheckFailed(f"{shown}: error while checking: {error}") from error
        if time.monotonic() - began > timeout:  # each step was quick enough, but not all of them
            raise CheckFailed(f"{shown}: error while checking: timed out")
        if answered != status:
            message = f"{shown}: downstream service returned unexpected status: {answered}"
            raise CheckFailed(message)

    return check


def _head_request(uri: str, headers: Mapping[str, Sequence[str]]) -> urllib.request.Request:
    parts = urllib.parse.urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        raise ValueError("not an http or https address")
    user, at, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked
        urllib.parse.urlunsplit(parts._replace(netloc=host)), method="HEAD"
    )
    if at:  # Go's client, which Docker Registry asks with, logs in with them
        credentials = urllib.parse.unquote(user).encode()
        request.add_header("Authorization", f"Basic {base64.b64encode(credentials).decode()}")
    for name, values in headers.items():
        request.add_header(name, ", ".join(values))
    return request


class CheckFailed(Exception):
    """A health check failed; the text says why."""


def file_check(path: str) -> Check:
    """Fail while a file exists: the way to take a registry out of service by hand.

    Args:
        path: the file.
    """

    def check() -> None:
        try:
            Path(path).absolute().stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise CheckFailed(f"stat {path}: {error.strerror}") from error
        raise CheckFailed("file exists")

    return check


def tcp_check(address: str, host: str, port: int, timeout: float) -> Check:
    """Fail unless a connection opens.

    Args:
        address: what the failure calls it: HOST:PORT as it was configured.
        host: a name or an address; empty means this machine.
        port: the port.
        timeout: seconds that opening may take.
    """

    def check() -> None:
        try:
            socket.create_connection((host or "localhost", port), timeout).close()
        except OSError as error:
            raise CheckFailed(f"{address}: connection failed: {error}") from error

    return check
