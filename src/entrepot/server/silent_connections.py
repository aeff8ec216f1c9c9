"""Closes connections on which the client has said nothing, or too little to be a request.

The server waits without a limit for the bytes by which it tells HTTP/1.1 from HTTP/2; and each such
connection holds a place that another client could have.
"""

import contextlib
import logging
import os
import socket
import stat
import struct
import threading

logger = logging.getLogger("entrepot.server")

# struct tcp_info of linux/tcp.h: tcpi_last_data_recv (ms) and tcpi_bytes_received.
_INFO_SIZE = 136
_LAST_DATA_RECEIVED = 52
_BYTES_RECEIVED = 128
# HTTP/2 begins with these many bytes (RFC 9113 section 3.4). No blob or manifest can be asked for
# in fewer, so a connection that has sent fewer has no long answer under way.
_PREFACE_BYTES = 24


class SilentConnections:
    """Looks at this process's connections again and again, in a thread.

    Args:
        patience: seconds after which a connection that has hardly spoken is closed.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="silent", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, at once."""
        self._stopping.set()

    def _watch(self) -> None:
        while not self._stopping.wait(self._patience / 4):
            closed = close_silent(self._patience)
            if closed:
                logger.debug("closed %d connections without a request", closed)


def close_silent(patience: float) -> int:
    """Shut down this process's TCP connections that fell silent before they had asked anything.

    Args:
        patience: seconds.

    Returns:
        How many there were.
    """
    closed = 0
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  (names are numbers here)
        with contextlib.suppress(OSError):
            closed += _close_if_silent(int(name), patience)
    return closed


def _close_if_silent(descriptor: int, patience: float) -> bool:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return False
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        if connection.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return False
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_SIZE)
        if len(info) < _INFO_SIZE:
            return False
        (received,) = struct.unpack_from("=Q", info, _BYTES_RECEIVED)
        (silent_ms,) = struct.unpack_from("=I", info, _LAST_DATA_RECEIVED)
        if received >= _PREFACE_BYTES or silent_ms < patience * 1000:
            return False
        connection.shutdown(socket.SHUT_RDWR)
        return True
