"""A request and its answer, between the connection and the application."""

import logging
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

logger = logging.getLogger("entrepot.server")

_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b" % (status, status.phrase.encode()) for status in HTTPStatus
}
_WITHOUT_BODY = (204, 304)  # RFC 9110 section 8.6
# Up to here, copying a body behind its head costs less than a second write.
_JOINED_BYTES = 16 * 1024


class Exchange(RequestResponseCycle):
    """A request and its answer; the body waits as it came, and is copied once at most.

    The answer's head waits for the first bytes of its body, and is written with them.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._pieces: list[bytes] = []
        self._held = 0
        self._head = b""

    def hold(self, piece: bytes) -> int:
        """Let bytes wait for `receive`; gives how many there are."""
        self._pieces.append(piece)
        self._held += len(piece)
        self.message_event.set()
        return self._held

    async def receive(self) -> Any:
        """Give what has come of the body, or wait; `http.disconnect` is the client's end."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        if not self.disconnected and not self.response_complete:
            self.flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        pieces, self._pieces, self._held = self._pieces, [], 0
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Any) -> None:
        """Take the head of the answer, or a piece of its body.

        Raises:
            RuntimeError: the application breaks the protocol: a field with a line break, or a body
                of another length than it said.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.response_started:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            self.response_started = True
            self.waiting_for_100_continue = False
            self._head = self._render_head(message["status"], message["headers"])

    def _render_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        lines = [_STATUS_LINES[status]]
        length = None
        for name, value in (*self.default_headers, *headers):
            if name == b"content-length":
                length = int(value)
            elif name == b"connection" and b"close" in value.lower():
                self.keep_alive = False
                continue
            lines.append(b"%b: %b" % (name, value))
        if not self.keep_alive:
            lines.append(b"connection: close")
        if self.scope["method"] != "HEAD" and status not in _WITHOUT_BODY:
            if length is None:
                raise RuntimeError("an answer has no Content-Length")
            self.expected_content_length = length
        head = b"\r\n".join(lines)
        # Whatever a field holds, it must not end it.
        breaks = len(lines) - 1
        if head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
            raise RuntimeError("a header field has a line break")
        return head + b"\r\n\r\n"

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        self.expected_content_length -= len(body)
        if self.expected_content_length < 0:
            raise RuntimeError("the body is longer than its Content-Length")
        if self._head and len(body) <= _JOINED_BYTES:
            body, self._head = self._head + body, b""
        self._write_head()
        if body:
            self.transport.write(body)
        if more:
            return
        if self.expected_content_length:
            raise RuntimeError("the body is shorter than its Content-Length")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _write_head(self) -> None:
        head, self._head = self._head, b""
        if head:
            self.transport.write(head)

    async def run_asgi(self, app: Any) -> None:
        """Answer. An answer that has begun and cannot be finished is cut off."""
        try:
            await app(self.scope, self.receive, self.send)
        except Exception:
            # The application logs what fails, but for its own beginning.
            level = logging.DEBUG if self.response_started else logging.ERROR
            logger.log(level, "a request failed", exc_info=True)
            if not self.response_started:
                await self.send_500_response()
        finally:
            if not self.response_complete and not self.disconnected:
                self._write_head()
                self.transport.close()
            self.on_response = _nothing  # which would keep the connection alive


def _nothing() -> None:
    """Do nothing."""
