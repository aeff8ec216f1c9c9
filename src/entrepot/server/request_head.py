"""From what the parser has read of a request to its ASGI scope."""

import urllib.parse
from collections.abc import Sequence
from typing import Any

import httptools

from entrepot.api.response import Response
from entrepot.api.wire_errors import render_simple

# uri-host and port (RFC 9110 section 7.2); whether it is the right one is not known here.
_HOST = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~!$&'()*+,;=%:[]-"
_ASGI = {"version": "3.0", "spec_version": "2.3"}


class Refused(Exception):
    """What was sent is refused before the application sees it.

    Args:
        status: of the answer.
        message: why.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.response: Response = render_simple(status, "UNSUPPORTED", message)


def read_head(
    parser: httptools.HttpRequestParser, url: bytes, headers: Sequence[tuple[bytes, bytes]]
) -> dict[str, Any]:
    """Give the part of a scope that the request itself decides.

    Args:
        parser: has just read the header.
        url: the request's target.
        headers: lower-case names and values.

    Raises:
        Refused: another version than HTTP/1.1 or 1.0; no Host or several (RFC 9112 section 3.2),
            or one that cannot be a host.
        httptools.HttpParserError: the target is no URL.
    """
    version = parser.get_http_version()
    if version not in ("1.1", "1.0"):
        raise Refused(400, "this server speaks HTTP/1.1")
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise Refused(400, "a request needs exactly one Host header")
    if hosts and hosts[0].translate(None, _HOST):
        raise Refused(400, "the Host header is not a host name or address")
    target = httptools.parse_url(url)
    raw_path = target.path or b"/"
    path = raw_path.decode("ascii")
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": version,
        "method": parser.get_method().decode("ascii"),
        "root_path": "",
        "path": urllib.parse.unquote(path) if "%" in path else path,
        "raw_path": raw_path,
        "query_string": target.query or b"",
        "headers": headers,
    }


def without_upgrade(
    parser: httptools.HttpRequestParser, url: bytes, headers: Sequence[tuple[bytes, bytes]]
) -> bytes:
    """Write a request's header anew, without the wish to go on in another protocol.

    A server may ignore it (RFC 9110 section 7.8). llhttp cannot: it takes a body for bytes of the
    other protocol.

    Raises:
        Refused: CONNECT.
    """
    method = parser.get_method()
    if method == b"CONNECT":
        raise Refused(405, "this server is not a proxy")
    unwanted = (b"upgrade", b"connection", b"http2-settings")
    lines = [name + b": " + value for name, value in headers if name not in unwanted]
    version = parser.get_http_version().encode()
    return b"\r\n".join([method + b" " + url + b" HTTP/" + version, *lines, b"", b""])
