"""A client of the application in this process, which can go away in the middle of a body."""

from collections.abc import MutableMapping
from typing import Any

from tests.wire.harness.applications import Running
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.in_process import LoopThread, make_scope


class Client:
    """Sends requests to an application, one after the other.

    Args:
        running: the application.
        loop: where it runs.
    """

    def __init__(self, running: Running, loop: LoopThread) -> None:
        self._running = running
        self._loop = loop

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Reply:
        """Send a request and read the answer; `content_range` is the header Content-Range."""
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return self._running.transport.send(Request(method, target, named, body))

    def go_away(self, method: str, target: str, sent: bytes) -> None:
        """Send a part of a body, and go away."""
        self._loop.run(self._interrupted(Request(method, target, (), sent, declare_length=False)))

    async def _interrupted(self, request: Request) -> None:
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": request.body, "more_body": True},
        ]

        async def receive() -> MutableMapping[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(_: MutableMapping[str, Any]) -> None:
            """Nobody reads what is answered."""

        scope = make_scope(request, "registry.test:5000", "127.0.0.1")
        await self._running.application(scope, receive, send)
