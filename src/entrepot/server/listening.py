"""Sockets that listen for longer than any worker: the supervisor has them open all the time.

Where each worker opened its own, the connections that wait in its queue would be reset when it
ends. Here whoever comes next takes them over: the successor of a worker that leaves, or that died.
Over TCP each worker has a queue of its own (SO_REUSEPORT), a Unix socket has one for all.
"""

import os
import socket
from multiprocessing import reduction
from typing import Any

from granian._granian import SocketHolder

_BACKLOG = 4096


class HandedSocket:
    """A listening socket as it travels to a worker.

    Args:
        listener: what the supervisor has open.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def __reduce__(self) -> tuple[Any, tuple[Any, bool]]:
        is_unix = self._listener.family == socket.AF_UNIX
        return _arrived, (reduction.DupFd(self._listener.fileno()), is_unix)


def _arrived(descriptor: Any, is_unix: bool) -> Any:
    holder: Any = SocketHolder  # its types say nothing of how it is made
    return holder(descriptor.detach(), is_unix, _BACKLOG)


def listen_on_tcp(host: str, port: int, workers: int) -> list[socket.socket]:
    """Open a socket for each worker. Workers say when it begins to listen.

    Args:
        host: an IP address.
        port: one that is free.
        workers: how many there are.

    Raises:
        OSError: it cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sockets = []
    for _ in range(workers):
        listener = socket.socket(family, socket.SOCK_STREAM)
        sockets.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
    return sockets


def listen_on_unix(path: str) -> list[socket.socket]:
    """Open the one socket of all workers.

    Raises:
        OSError: it cannot be listened on.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    return [listener]


def turn_away() -> None:
    """Take no more connections in this process; those that wait are left to its successor.

    Each listening socket is replaced, under its number, by one that nobody knows. It cannot be
    closed: the server would give up the handshakes that are under way.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as quiet:
        quiet.bind("")  # the kernel makes up a name
        quiet.listen(1)
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  (names are numbers here)
            descriptor = int(name)
            if descriptor != quiet.fileno() and _listens(descriptor):
                os.dup2(quiet.fileno(), descriptor, inheritable=False)


def _listens(descriptor: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as probe:
            return bool(probe.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False  # no socket, or closed meanwhile
