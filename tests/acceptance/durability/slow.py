"""Clients that take their time: an upload that arrives piece by piece over a bare socket."""

import socket
from typing import Self

from tests.acceptance.durability.server import Server

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class SlowUpload:
    """A PATCH without a length, whose chunks are sent when the test says so. A context manager.

    Args:
        server: where to.
        location: of the upload, as the server gave it.
    """

    def __init__(self, server: Server, location: str) -> None:
        path = "/v2/" + location.partition("/v2/")[2]
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.socket.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        # Said when the application asks for the body: what comes now finds a claimed session.
        assert self.socket.recv(len(CONTINUE), socket.MSG_WAITALL) == CONTINUE

    def send(self, content: bytes) -> None:
        """Send one chunk."""
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(content), content))

    def end(self) -> int:
        """Send the end of the body; gives the status of the answer."""
        self.socket.sendall(b"0\r\n\r\n")
        return self.status()

    def status(self) -> int:
        """Read the answer's status; 0 where the connection ends without one."""
        try:
            head = self.socket.recv(4096)
        except ConnectionResetError:
            return 0
        return int(head.split(b" ")[1]) if head else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Go away."""
        self.socket.close()
