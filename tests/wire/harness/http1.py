"""HTTP/1.1 over a real socket; bodies with Content-Length, or in chunks."""

import contextlib
import http.client

from tests.waiting import PATIENCE
from tests.wire.harness.exchange import Reply, Request

CHUNK = 60_000


class Http1:
    """One kept-alive connection, so that an answer that leaves its request unread shows."""

    def __init__(self, authority: str, *, chunked: bool) -> None:
        self.name = "HTTP/1.1, chunked bodies" if chunked else "HTTP/1.1"
        self.authority = authority
        self._chunked = chunked
        self._connection = http.client.HTTPConnection(authority, timeout=PATIENCE)

    def send(self, request: Request) -> Reply:
        """Send one request; once again where the kept connection had been closed meanwhile."""
        reused = self._connection.sock is not None
        try:
            return self._send(request)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()
            if not reused:
                raise
            return self._send(request)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _send(self, request: Request) -> Reply:
        connection = self._connection
        chunked = request.body is not None and (self._chunked or not request.declare_length)
        connection.putrequest(
            request.method, request.target, skip_host=True, skip_accept_encoding=True
        )
        if request.header("host") is None:
            connection.putheader("Host", self.authority)
        for name, value in request.wire_headers():
            if not (chunked and name == "content-length"):
                connection.putheader(name, value.encode("latin-1"))
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        # A server may answer and close before it has read the body: its answer counts then.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._send_body(request.body or b"", chunked)
        answer = connection.getresponse()
        body = answer.read()
        headers = tuple((name.lower(), value) for name, value in answer.getheaders())
        return Reply(answer.status, headers, body)

    def _send_body(self, body: bytes, chunked: bool) -> None:
        if not chunked:
            self._connection.send(body)
            return
        for at in range(0, len(body), CHUNK):
            piece = body[at : at + CHUNK]
            self._connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        self._connection.send(b"0\r\n\r\n")
