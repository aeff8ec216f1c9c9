"""Closes connections on which the client has said nothing, or too little to be a request.

The server waits without a limit for the bytes by which it tells HTTP/1.1 from HTTP/2; and each such
connection holds a place that another client could have.

Without TLS, few bytes tell that no request was made. With TLS a handshake alone has hundreds:
there it takes knowing whose requests run (BusyPeers).
"""

import contextlib
import logging
import os
import socket
import stat
import struct
import threading
from collections.abc import Container

from entrepot.server.busy_peers import Peer

logger = logging.getLogger("entrepot.server")

# struct tcp_info of linux/tcp.h: tcpi_last_data_sent and tcpi_last_data_recv (ms), and
# tcpi_bytes_received.
_INFO_SIZE = 136
_LAST_DATA_SENT = 44
_LAST_DATA_RECEIVED = 52
_BYTES_RECEIVED = 128
# HTTP/2 begins with these many bytes (RFC 9113 section 3.4). No blob or manifest can be asked for
# in fewer, so a connection that has sent fewer has no long answer under way.
_PREFACE_BYTES = 24


class SilentConnections:
    """Looks at this process's connections again and again, in a thread.

    Args:
        patience: seconds after which a connection that has hardly spoken is closed.
        busy: with TLS, the clients whose requests run; None without it.
    """

    def __init__(self, patience: float, busy: Container[Peer] | None = None) -> None:
        self._patience = patience
        self._busy = busy
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
            closed = close_silent(self._patience, self._busy)
            if closed:
                logger.debug("closed %d connections without a request", closed)


def close_silent(patience: float, busy: Container[Peer] | None = None) -> int:
    """Shut down this process's TCP connections that fell silent before they had asked anything.

    Args:
        patience: seconds.
        busy: with TLS, the clients whose requests run: every other connection on which nothing
            moves for so long is closed, also one on which a request was answered before. One of
            HTTP/2 is asked by the server whether it lives, and moves by that.

    Returns:
        How many there were.
    """
    closed = 0
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  (names are numbers here)
        with contextlib.suppress(OSError):
            closed += _close_if_silent(int(name), patience, busy)
    return closed


def _close_if_silent(descriptor: int, patience: float, busy: Container[Peer] | None) -> bool:
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
        (unanswered_ms,) = struct.unpack_from("=I", info, _LAST_DATA_SENT)
        if silent_ms < patience * 1000:
            return False
        if received >= _PREFACE_BYTES and (
            busy is None or unanswered_ms < patience * 1000 or connection.getpeername()[:2] in busy
        ):
            return False
        connection.shutdown(socket.SHUT_RDWR)
        return True
