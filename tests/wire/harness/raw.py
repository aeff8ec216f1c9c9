"""Bare sockets, for what no client library would send."""

import contextlib
import re
import socket
import time
from types import TracebackType
from typing import Self

from tests.waiting import PATIENCE
from tests.wire.harness.exchange import Reply


class RawConnection:
    """One TCP connection; bytes go out as they are given."""

    def __init__(self, authority: str, timeout: float = PATIENCE) -> None:
        host, _, port = authority.partition(":")
        self.authority = authority
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, content: bytes) -> None:
        """Send bytes; a peer that has closed already is its own answer."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(content)

    def request(self, line: str, *headers: str, body: bytes = b"") -> None:
        """Send a request line, Host, headers and bytes behind them."""
        lines = [line, f"Host: {self.authority}", *headers, "", ""]
        self.send("\r\n".join(lines).encode("latin-1") + body)

    def begin_body(self, line: str, *headers: str) -> None:
        """Send a request whose body comes later, and wait until the application asks for it.

        What it must do before, as claiming an upload session, is done by then.
        """
        self.request(line, *headers, "Expect: 100-continue")
        interim = self.read_reply()
        assert interim is not None
        assert interim.status == 100, interim.told()

    def read_reply(self, *, of_head: bool = False) -> Reply | None:
        """Read one final answer; None when the peer closed without one.

        Interim answers (1xx) are given as they come, with an empty body.
        """
        head = self._read_until(b"\r\n\r\n")
        if head is None:
            return None
        status_line, *lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", status_line)
        assert match is not None, f"no status line: {status_line!r}"
        status = int(match[1])
        pairs = [line.partition(":") for line in lines if line]
        headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        reply = Reply(status, headers, b"")
        if status < 200 or status in {204, 304} or of_head:
            return reply
        return Reply(status, headers, self._read_body(reply))

    def is_closed(self, within: float = PATIENCE) -> bool:
        """Tell whether the peer closes the connection, reading what it still says."""
        self.socket.settimeout(within)
        deadline = time.monotonic() + within
        try:
            while time.monotonic() < deadline:
                if not self.socket.recv(65_536):
                    return True
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True
        return False

    def _read_body(self, reply: Reply) -> bytes:
        length = reply.header("Content-Length")
        if length is not None:
            return self._read_exactly(int(length))
        if (reply.header("Transfer-Encoding") or "").lower() == "chunked":
            return self._read_chunks()
        while self._fill():
            pass
        body, self._received = self._received, b""
        return body

    def _read_chunks(self) -> bytes:
        body = b""
        while True:
            line = self._read_until(b"\r\n")
            assert line is not None, "the connection ended within a chunked body"
            size = int(line, 16)
            body += self._read_exactly(size)
            assert self._read_exactly(2) == b"\r\n"
            if size == 0:
                return body

    def _read_exactly(self, count: int) -> bytes:
        while len(self._received) < count:
            assert self._fill(), f"the connection ended {count - len(self._received)} bytes early"
        content, self._received = self._received[:count], self._received[count:]
        return content

    def _read_until(self, mark: bytes) -> bytes | None:
        while mark not in self._received:
            if not self._fill():
                return None
        found, _, self._received = self._received.partition(mark)
        return found

    def _fill(self) -> bool:
        try:
            received = self.socket.recv(65_536)
        except ConnectionResetError:
            return False
        self._received += received
        return bool(received)
