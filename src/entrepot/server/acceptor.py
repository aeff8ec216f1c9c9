"""Takes connections from a listening socket, as many as there is room for."""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from entrepot.server.connections import Connections
from entrepot.server.protocol import RegistryProtocol

logger = logging.getLogger("entrepot.server")

BACKLOG = 4096
HANDSHAKE_SECONDS = 10.0
# For a client to answer that the connection ends.
GOODBYE_SECONDS = 2.0
_AT_ONCE = 64
_PAUSE_SECONDS = 0.5
# What is short then comes back when connections end.
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Acceptor:
    """Accepts on one socket. Who finds no room waits in the socket's queue.

    The event loop's own server would do, but for three things: it knows neither a limit nor
    addresses, and another certificate would need another server.

    Args:
        listener: bound, and kept open by the supervisor.
        connections: of this worker.
        count_as: gives the address under which a client is counted.

    Attributes:
        context: for the handshakes of new connections; None without TLS.
    """

    def __init__(
        self,
        listener: socket.socket,
        connections: Connections,
        count_as: Callable[[str], str],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.context = context
        self._listener = listener
        self._connections = connections
        self._count_as = count_as
        self._loop = asyncio.get_running_loop()
        self._reading = False
        self._ended = False
        self._beginning: set[asyncio.Task[None]] = set()
        connections.on_room = self._resume

    def start(self) -> None:
        """Begin to listen, which all workers do, each on its own queue."""
        self._listener.setblocking(False)
        self._listener.listen(BACKLOG)
        self._resume()

    def stop(self) -> None:
        """Accept nothing more. Handshakes that are under way may end."""
        self._ended = True
        self._pause()
        self._listener.close()

    def _resume(self) -> None:
        if not self._reading and not self._ended and not self._connections.full:
            self._reading = True
            self._loop.add_reader(self._listener, self._accept)

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._listener)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            if self._connections.full:
                logger.debug("server.connections has been reached; further connections wait")
                self._pause()
                return
            try:
                connection, peer = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _SHORTAGES:
                    logger.error("no connection can be accepted: %s", error.strerror)
                    self._pause()
                    self._loop.call_later(_PAUSE_SECONDS, self._resume)
                    return
                continue  # the client has gone already
            self._begin(connection, self._count_as(peer[0]) if peer else "")

    def _begin(self, connection: socket.socket, address: str) -> None:
        if not self._connections.admit(address):
            logger.debug("too many connections from %s", address)
            connection.close()
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._connect(connection, address))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _connect(self, connection: socket.socket, address: str) -> None:
        protocol = RegistryProtocol(self._connections, address)
        try:
            if self.context is None:
                await self._loop.connect_accepted_socket(lambda: protocol, connection)
            else:
                await self._handshake(protocol, connection, self.context)
        except OSError as error:  # ssl.SSLError and TimeoutError, too
            logger.debug("a connection ended before it began: %s", error)
        finally:
            if protocol.transport is None:
                self._connections.release(address)

    async def _handshake(
        self, protocol: RegistryProtocol, connection: socket.socket, context: ssl.SSLContext
    ) -> None:
        # Here, because most registries speak no TLS, and their workers start faster without.
        from entrepot.operations.tls.context import alerts

        failed: list[bytes] = []
        alerts.set(failed)  # in the context of this task
        with connection.dup() as other:
            try:
                await self._loop.connect_accepted_socket(
                    lambda: protocol,
                    connection,
                    ssl=context,
                    ssl_handshake_timeout=HANDSHAKE_SECONDS,
                    ssl_shutdown_timeout=GOODBYE_SECONDS,
                )
            except ssl.SSLError:
                for alert in failed:
                    with suppress(OSError):
                        other.send(alert)
                raise
