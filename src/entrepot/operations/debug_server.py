"""The second address, ``http.debug.addr``: health, metrics, and a few facts.

Served by threads of the supervisor, so it answers while the workers are busy or gone. It is for
operators and their monitoring; whoever is slow is cut off, and when too many ask at once, whoever
has waited longest.
"""

import errno
import json
import logging
import os
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from entrepot import __version__
from entrepot.config.addresses import TcpAddress
from entrepot.errors import AddressInUse, ConfigurationError
from entrepot.operations.health import Health
from entrepot.operations.metrics_page import MetricsPage
from entrepot.operations.runtime_directory import RuntimeDirectory

logger = logging.getLogger("entrepot.debug")

_JSON = "application/json; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_MOST_CONNECTIONS = 32
_STEP_SECONDS = 5.0

Page = Callable[[str], tuple[int, str, bytes]]
"""Makes an answer (status, media type, body) for an Accept header."""


class DebugServer:
    """Serves pages on an address of their own.

    Args:
        address: where to listen.
        pages: what is served, by path.

    Raises:
        ConfigurationError: the address cannot be listened on.
        AddressInUse: another program listens on it.
    """

    def __init__(self, address: TcpAddress, pages: dict[str, Page]) -> None:
        try:
            self._server = _Server(address, pages)
        except OSError as error:
            reason = error.strerror or str(error)
            taken = error.errno == errno.EADDRINUSE
            refusal = AddressInUse if taken else ConfigurationError
            raise refusal(f"http.debug.addr: cannot listen on {address}: {reason}") from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="debug server", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer, in a thread of the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; answers that are under way are cut."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(1.0)
        self._server.server_close()
        self._server.cut_all()


def debug_pages(
    health: Health, directory: RuntimeDirectory, metrics: tuple[str, MetricsPage] | None
) -> dict[str, Page]:
    """Make the pages: /debug/health, /debug/vars, and the metrics where they are switched on.

    Args:
        health: the checks.
        directory: of this start.
        metrics: ``http.debug.prometheus.path`` and the page; None when it is switched off.
    """

    def health_page(accept: str) -> tuple[int, str, bytes]:
        failures = health.failures()
        body = json.dumps(failures, ensure_ascii=False, separators=(",", ":"))
        return (503 if failures else 200), _JSON, body.encode()

    def vars_page(accept: str) -> tuple[int, str, bytes]:
        facts = {
            "cmdline": sys.argv,
            "entrepot": {
                "version": __version__,
                "pid": os.getpid(),
                "workers": directory.workers(),
            },
        }
        return 200, _JSON, json.dumps(facts).encode()

    pages: dict[str, Page] = {"/debug/health": health_page, "/debug/vars": vars_page}
    if metrics is not None:
        path, page = metrics

        def metrics_page(accept: str) -> tuple[int, str, bytes]:
            body, media_type = page.render(accept)
            return 200, media_type, body

        pages[path] = metrics_page
    return pages


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: TcpAddress, pages: dict[str, Page]) -> None:
        self.pages = pages
        self._open: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        family, where = _resolve(address)
        self.address_family = family
        super().__init__(where, _Handler, bind_and_activate=False)
        try:
            if family == socket.AF_INET6 and not address.host:
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            self.server_bind()
            self.server_activate()
        except BaseException:
            self.server_close()
            raise

    def process_request(self, request: object, client_address: object) -> None:
        connection = _connection(request)
        with self._lock:
            if len(self._open) >= _MOST_CONNECTIONS:
                oldest = min(self._open, key=self._open.__getitem__)
                # Its thread may be slow to leave: the next one must cut another.
                del self._open[oldest]
                _cut(oldest)
            self._open[connection] = time.monotonic()
        super().process_request(connection, client_address)

    def shutdown_request(self, request: object) -> None:
        with self._lock:
            self._open.pop(_connection(request), None)
        super().shutdown_request(_connection(request))

    def cut_all(self) -> None:
        with self._lock:
            for connection in self._open:
                _cut(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        logger.debug("a connection to the debug address broke", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    timeout = _STEP_SECONDS
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.close_connection = True
        page = self._pages().get(urlsplit(self.path).path)
        if page is None:
            self._answer(404, _TEXT, b"404 page not found\n")
            return
        try:
            answer = page(self.headers.get("Accept", ""))
        except Exception:
            logger.exception("a page of the debug address failed")
            answer = 500, _TEXT, b"500 internal server error, see the log\n"
        self._answer(*answer)

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def do_POST(self) -> None:
        self.close_connection = True
        self._answer(404, _TEXT, b"404 page not found\n")

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_POST  # noqa: N815 - as above

    def version_string(self) -> str:
        return "entrepot"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
        logger.debug("debug address: " + format, *args)

    def _pages(self) -> dict[str, Page]:
        if not isinstance(self.server, _Server):
            raise TypeError("this handler belongs to the debug server")
        return self.server.pages

    def _answer(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _connection(request: object) -> socket.socket:
    if not isinstance(request, socket.socket):
        raise TypeError("a TCP server has sockets")
    return request


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        logger.debug("a connection to the debug address was gone already")


def _resolve(address: TcpAddress) -> tuple[socket.AddressFamily, tuple[str, int]]:
    if not address.host:
        if socket.has_dualstack_ipv6():
            return socket.AF_INET6, ("::", address.port)
        return socket.AF_INET, ("", address.port)
    family, _, _, _, where = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return family, (str(where[0]), int(where[1]))
