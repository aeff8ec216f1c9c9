"""Sockets that listen for longer than any worker: the supervisor has them open all the time.

Where each worker opened its own, the connections that wait in its queue would be reset when it
dies. Here its successor takes them over. Over TCP each worker has a queue of its own
(SO_REUSEPORT), a Unix socket has one for all.
"""

import socket
from multiprocessing import reduction
from pathlib import Path
from typing import Any

from entrepot.config.addresses import TcpAddress, UnixAddress
from entrepot.server.address import check_socket_file, resolve


class HandedSocket:
    """A socket as it travels to another process.

    Args:
        listener: what the supervisor has open.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def __reduce__(self) -> tuple[Any, tuple[Any]]:
        return _arrived, (reduction.DupFd(self._listener.fileno()),)


def _arrived(descriptor: Any) -> socket.socket:
    return socket.socket(fileno=descriptor.detach())


class Listeners:
    """The sockets of one start. Workers say when they begin to listen.

    Args:
        address: ``http.addr``.
        workers: how many there are.

    Raises:
        ConfigurationError: the address cannot be had; the message says why.
        AddressInUse: another program has it.
        OSError: it was taken at this moment.
    """

    def __init__(self, address: TcpAddress | UnixAddress, workers: int) -> None:
        self._file: Path | None = None
        if isinstance(address, UnixAddress):
            check_socket_file(address)
            self._file = Path(address.path)
            self._sockets = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)]
            self._sockets[0].bind(address.path)
        else:
            host, port = resolve(address)
            self._sockets = [_tcp(host, port) for _ in range(workers)]

    def of(self, worker: int) -> HandedSocket:
        """Give a worker's socket, for the arguments of its process.

        Args:
            worker: counted from 0.
        """
        return HandedSocket(self._sockets[worker % len(self._sockets)])

    def close(self) -> None:
        """Close them all; a socket's file goes."""
        for listener in self._sockets:
            listener.close()
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener
