"""The address to listen on: resolved, and found free before anything is started."""

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path

from entrepot.config.addresses import TcpAddress, UnixAddress
from entrepot.errors import AddressInUse, ConfigurationError, EntrepotError

_LISTENING = "0A"


def resolve(address: TcpAddress) -> tuple[str, int]:
    """Give the IP address and port to bind.

    Raises:
        ConfigurationError: the name is unknown, or this user may not have the port.
        AddressInUse: the port is taken; the message says by whom.
    """
    host = address.host or _every_interface()
    try:
        found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigurationError(
            f"http.addr: the host {host!r} cannot be found: {error.strerror}"
        ) from error
    family, kind, protocol, _, target = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # The workers share the port (SO_REUSEPORT), which would let a second registry share it,
            # too; this bind is refused as soon as anybody has it.
            probe.bind(target)
        except OSError as error:
            raise _why_not(address, error) from error
        return str(target[0]), probe.getsockname()[1]


def check_socket_file(address: UnixAddress) -> None:
    """Remove a socket file that nobody listens on.

    Raises:
        ConfigurationError: the file is no socket.
        AddressInUse: somebody listens on it.
    """
    path = Path(address.path)
    if path.exists() and not path.is_socket():
        raise ConfigurationError(f"http.addr: {path} exists and is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(address.path)
        except FileNotFoundError:
            return
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise AddressInUse(f"http.addr: another program listens on {address.path}")


def _every_interface() -> str:
    return "::" if socket.has_ipv6 and Path("/proc/net/if_inet6").exists() else "0.0.0.0"  # noqa: S104


def _why_not(address: TcpAddress, error: OSError) -> EntrepotError:
    if error.errno == errno.EADDRINUSE:
        holder = _holder(address.port)
        return AddressInUse(
            f"http.addr: {address} is taken{f' by {holder}' if holder else ''}; "
            "stop that program, or choose another address"
        )
    if error.errno == errno.EACCES:
        return ConfigurationError(
            f"http.addr: ports below 1024 need root, and {address.port} is one"
        )
    return ConfigurationError(f"http.addr: cannot listen on {address}: {error.strerror}")


def _holder(port: int) -> str | None:
    """Name the process that listens on a port, as far as this user may see it."""
    inodes = _listening_inodes(port)
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _has_socket(process, inodes):
            return _describe(process)
    return None


def _has_socket(process: Path, inodes: set[str]) -> bool:
    with suppress(OSError):  # gone meanwhile, or somebody else's
        for file in (process / "fd").iterdir():
            with suppress(OSError):
                target = os.readlink(file)  # noqa: PTH115  (a socket is no path)
                if target.startswith("socket:[") and target[8:-1] in inodes:
                    return True
    return False


def _describe(process: Path) -> str | None:
    try:
        command = _command(process)
        while "multiprocessing" in command:  # a worker: the program that started it says more
            fields = (process / "stat").read_text("utf-8").rpartition(")")[2].split()
            process = Path("/proc") / fields[1]
            command = _command(process)
    except OSError:
        return None
    return f"process {process.name} ({command[:120]})"


def _command(process: Path) -> str:
    raw = (process / "cmdline").read_bytes().replace(b"\0", b" ")
    return raw.decode("utf-8", "replace").strip()


def _listening_inodes(port: int) -> set[str]:
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes
