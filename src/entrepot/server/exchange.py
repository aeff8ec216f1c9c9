"""A request and its answer, between the connection and the application."""

import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

logger = logging.getLogger("entrepot.server")


class Exchange(RequestResponseCycle):
    """A request and its answer; the body waits as it came, and is copied once at most."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._pieces: list[bytes] = []
        self._held = 0

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
                self.transport.close()
            self.on_response = _nothing  # which would keep the connection alive


def _nothing() -> None:
    """Do nothing."""
