"""Requests, and servers that answer `receive()` as a script says."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from entrepot.api.parse.forwarded import Origin
from entrepot.api.request import Receive, Request
from entrepot.operations.requests import RequestRecord

GONE = {"type": "http.disconnect"}
HERE = Origin("http", "registry.test:5000", "192.0.2.1")


def piece(content: bytes, *, more: bool = True) -> dict[str, Any]:
    """Make a message of a body."""
    return {"type": "http.request", "body": content, "more_body": more}


def whole(*contents: bytes) -> list[dict[str, Any]]:
    """Make all messages of a body."""
    last = len(contents) - 1
    return [piece(content, more=index < last) for index, content in enumerate(contents)]


class ScriptedServer:
    """Answers the calls of `receive()` in their order.

    Args:
        messages: the answers; behind the last one the server is silent.
    """

    def __init__(self, messages: Iterable[dict[str, Any]]) -> None:
        self._messages = list(messages)
        self.calls: list[asyncio.Future[dict[str, Any]]] = []

    def receive(self) -> asyncio.Future[dict[str, Any]]:
        """Give what is waited for."""
        call: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.calls.append(call)
        if self._messages:
            asyncio.get_running_loop().call_soon(self._answer, call, self._messages.pop(0))
        return call

    @property
    def open_calls(self) -> int:
        """Calls that somebody has made and nobody has taken back."""
        return sum(not call.done() for call in self.calls)

    def _answer(self, call: asyncio.Future[dict[str, Any]], message: dict[str, Any]) -> None:
        if not call.done():
            call.set_result(message)


def make_request(
    receive: Receive,
    headers: Mapping[bytes, bytes] | None = None,
    *,
    origin: Origin = HERE,
    client: str = "192.0.2.1",
) -> Request:
    """Make a request, as the application does."""
    scope = {"type": "http", "method": "PUT", "query_string": b"", "client": (client, 40_000)}
    return Request(scope, receive, headers or {}, RequestRecord("1", "PUT", "/"), origin)
