"""Which clients have a request running now; counted only where connections speak TLS."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Peer = tuple[str, int | str]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Serve = Callable[[Message, Receive, Send], Awaitable[None]]


class BusyPeers:
    """Wraps an application, and knows for whom it works; asked from another thread.

    Args:
        serve: the application.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._running: dict[Peer, int] = {}

    def __contains__(self, peer: object) -> bool:
        """Tell whether a client has a request running; its port may be a number or text."""
        if not isinstance(peer, tuple) or len(peer) != 2:
            return False
        host, port = peer
        # Granian 2.8.7 has ports as text, ASGI as numbers.
        return (host, str(port)) in self._running or peer in self._running

    async def serve(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        running, peer = self._running, scope["client"]
        running[peer] = running.get(peer, 0) + 1
        try:
            await self._serve(scope, receive, send)
        finally:
            left = running[peer] - 1
            if left:
                running[peer] = left
            else:
                del running[peer]
