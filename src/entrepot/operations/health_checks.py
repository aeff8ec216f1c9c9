"""The checks of the section ``health``. Each is a function that raises when it fails.

They do what Docker Registry's do, word for word in what they say.
"""

import socket
from collections.abc import Callable
from pathlib import Path

Check = Callable[[], None]


class CheckFailed(Exception):
    """A health check failed; the text says why."""


def file_check(path: str) -> Check:
    """Fail while a file exists: the way to take a registry out of service by hand.

    Args:
        path: the file.
    """

    def check() -> None:
        try:
            Path(path).absolute().stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise CheckFailed(f"stat {path}: {error.strerror}") from error
        raise CheckFailed("file exists")

    return check


def tcp_check(address: str, host: str, port: int, timeout: float) -> Check:
    """Fail unless a connection opens.

    Args:
        address: what the failure calls it: HOST:PORT as it was configured.
        host: a name or an address; empty means this machine.
        port: the port.
        timeout: seconds that opening may take.
    """

    def check() -> None:
        try:
            socket.create_connection((host or "localhost", port), timeout).close()
        except OSError as error:
            raise CheckFailed(f"{address}: connection failed: {error}") from error

    return check
