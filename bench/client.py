"""A small HTTP/1.1 client over one kept connection: cheap enough to load a server with."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from types import TracebackType

from bench.sockets import read_head

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, its body read whole."""

    status: int
    headers: Headers
    body: bytes


class UnexpectedAnswerError(Exception):
    """The status was not the one that the work needs."""


class Client:
    """One connection to a server on loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=300)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def head(self, method: str, target: str, headers: Headers) -> bytes:
        path = target.removeprefix(f"http://127.0.0.1:{self.port}")
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def send(self, data: bytes | memoryview) -> None:
        self._connection.sendall(data)

    def answer(self, *, has_body: bool = True) -> Answer:
        status, headers, body = read_head(self._connection)
        missing = int(headers.get("content-length", "0")) - len(body) if has_body else 0
        pieces = [body]
        while missing > 0:
            piece = self._connection.recv(min(missing, 1 << 20))
            if not piece:
                raise UnexpectedAnswerError(f"{status}: {missing} bytes of the body are missing")
            pieces.append(piece)
            missing -= len(piece)
        return Answer(status, headers, b"".join(pieces))

    def discard(self, piece: int = 1 << 18) -> int:
        """Read an answer and throw its body away; returns the body's length."""
        status, headers, body = read_head(self._connection)
        if status != 200:
            raise UnexpectedAnswerError(f"{status} {body[:500]!r}")
        length = int(headers["content-length"])
        missing, unread = length - len(body), bytearray(piece)
        while missing:
            count = self._connection.recv_into(unread, min(piece, missing))
            if not count:
                raise UnexpectedAnswerError(f"{missing} bytes of the body are missing")
            missing -= count
        return length

    def request(
        self,
        method: str,
        target: str,
        *expected: int,
        headers: Headers | None = None,
        body: bytes = b"",
        chunked: bool = False,
    ) -> Answer:
        """Ask, and read the answer.

        Args:
            method: the verb.
            target: a path, or a Location as the server gave it.
            expected: the statuses that are right.
            headers: beside Host and the length.
            body: sent whole, or as chunks of 32 KiB as docker sends a layer.
            chunked: which of both.

        Raises:
            UnexpectedAnswerError: any other status.
        """
        fields = dict(headers or {})
        if chunked:
            fields["Transfer-Encoding"] = "chunked"
            body = as_chunks(body)
        elif body or method in ("POST", "PUT", "PATCH"):
            fields["Content-Length"] = str(len(body))
        head = self.head(method, target, fields)
        if len(body) < 1 << 16:
            self.send(head + body)
        else:
            self.send(head)
            self.send(body)
        answer = self.answer(has_body=method != "HEAD")
        if answer.status not in expected:
            text = answer.body[:500].decode(errors="replace")
            raise UnexpectedAnswerError(f"{method} {target}: {answer.status} {text}")
        return answer


def as_chunks(body: bytes, size: int = 1 << 15) -> bytes:
    """Frame a body as HTTP/1.1 chunks, the last one included."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
