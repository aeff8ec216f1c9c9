"""Where what clients send arrives: in memory that all connections of a worker share.

By itself uvloop reads 256 KiB at most, and copies them before the parser copies them again. A
body that comes in larger reads, parsed where they lie, takes fewer turns of the event loop.
"""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entrepot.server.protocol import RegistryProtocol

LARGEST_READ = 1024 * 1024
# Of connections whose bodies nobody takes, each holds what it has read last.
_ALL_READS = 16 * 1024 * 1024


class Reading(asyncio.BufferedProtocol):
    """Reads for a connection's protocol, to be given to its transport.

    Args:
        protocol: takes the bytes before it returns: the next connection's take their place.
        memory: LARGEST_READ bytes, the same for all connections of an event loop.
    """

    def __init__(self, protocol: "RegistryProtocol", memory: memoryview) -> None:
        self.connection_lost = protocol.connection_lost  # type: ignore[method-assign]
        self.eof_received = protocol.eof_received  # type: ignore[method-assign]
        self.pause_writing = protocol.pause_writing  # type: ignore[method-assign]
        self.resume_writing = protocol.resume_writing  # type: ignore[method-assign]
        self._protocol = protocol
        self._memory = memory

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give room for the next read: much for a body, unless there are many connections."""
        if not self._protocol.in_body:
            return self._memory[:sizehint]
        return self._memory[: max(sizehint, _ALL_READS // self._protocol.neighbours)]

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what was read."""
        self._protocol.data_received(self._memory[:nbytes])
