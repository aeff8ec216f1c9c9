"""An application behind the server's own acceptor and protocol."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from entrepot.server.acceptor import Acceptor
from entrepot.server.connections import ConnectionLimits, Connections
from tests.waiting import PATIENCE

LIMITS = ConnectionLimits(total=100, per_address=100, header=65536, idle=PATIENCE, body=PATIENCE)


def serve(
    application: Any,
    test: Callable[[int, Connections], Awaitable[None]],
    context: ssl.SSLContext | None = None,
) -> None:
    """Serve for as long as a test runs."""

    async def run() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        connections = Connections(application, LIMITS)
        acceptor = Acceptor(listener, connections, lambda address: address, context)
        acceptor.start()
        await test(port, connections)
        acceptor.stop()
        await connections.drain(PATIENCE, 0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
