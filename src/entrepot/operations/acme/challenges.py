"""Answers http-01 challenges (RFC 8555, section 8.3), while an order runs and not longer."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from entrepot.config.addresses import TcpAddress

_STEP_SECONDS = 10.0


class ChallengeServer:
    """Listens between entering and leaving.

    Args:
        address: where.

    Raises:
        OSError: the address cannot be listened on.
    """

    def __init__(self, address: TcpAddress) -> None:
        self._server = _Server(address)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def answer(self, path: str, validation: str) -> None:
        """Give an answer to whoever asks for a path."""
        self._server.answers[path] = validation.encode()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: TcpAddress) -> None:
        self.answers: dict[str, bytes] = {}
        everywhere = not address.host
        dual = everywhere and socket.has_dualstack_ipv6()
        if dual or ":" in address.host:
            self.address_family = socket.AF_INET6
        self._dual = dual
        super().__init__((address.host, address.port), _Handler)

    def server_bind(self) -> None:
        if self._dual:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class _Handler(BaseHTTPRequestHandler):
    timeout = _STEP_SECONDS
    server: _Server

    def do_GET(self) -> None:
        answer = self.server.answers.get(self.path)
        self.send_response(404 if answer is None else 200)
        body = b"404 page not found\n" if answer is None else answer
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "entrepot"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's
        """Say nothing: the log has the outcome."""
