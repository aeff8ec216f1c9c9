"""How a worker goes when others have taken its place, without failing a request.

At SIGUSR1 it accepts nothing more, goes on with what it has accepted, and asks HTTP/1.1 clients to
open new connections. The supervisor waits for LINGER_SECONDS, in which handshakes end and busy
clients move away, before it sends SIGTERM, which closes idle connections; a client that was just
about to use one would be cut off. What runs then is finished, however long it takes.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Serve = Callable[[Message, Receive, Send], Awaitable[None]]

# The server gives a TLS handshake 10 seconds.
LINGER_SECONDS = 12.0
_CLOSE = (b"connection", b"close")


def last_answers(serve: Serve) -> Serve:
    """Let every answer over HTTP/1.1 be the last one of its connection.

    Args:
        serve: the application.
    """

    def serve_last(scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["http_version"].startswith("2"):  # has its own way to say it, at SIGTERM
            return serve(scope, receive, send)

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
            await send(message)

        return serve(scope, receive, send_last)

    return serve_last
