"""Asks the registry in this container whether it answers; HEALTHCHECK reads the exit status.

The address is that of the configuration which process 1 was started with, so that another port, a
path prefix, TLS or a socket file are followed without saying them twice. 401 is an answer, too.
"""

import contextlib
import http.client
import json
import os
import socket
import sys
from pathlib import Path
from typing import NamedTuple

PROGRAMS = ("registry", "entrepot")
PATIENCE_SECONDS = 4
ANSWERS = (http.client.OK, http.client.UNAUTHORIZED)
# A directory in memory that every container has. Reading the configuration costs ten times what
# asking does, and it stays the same as long as process 1 does.
REMEMBERED = Path(f"/dev/shm/healthcheck-{os.getuid()}.json")  # noqa: S108 - the container's own


class Target(NamedTuple):
    """Where to ask: a socket file, or else a host and a port."""

    file: str | None
    host: str
    port: int
    tls: bool
    path: str


def main() -> int:
    """Return 0 when it answers, else 1."""
    try:
        status = ask(remembered_target())
    except OSError as error:
        print(f"no answer: {error}")  # noqa: T201 - docker inspect shows it
        return 1
    print(f"status {status}")  # noqa: T201 - docker inspect shows it
    return 0 if status in ANSWERS else 1


def remembered_target() -> Target:
    """Where to ask, worked out once for each start of process 1."""
    # The 22nd field, counted behind the name, which may have spaces in it: when it was started.
    start = Path("/proc/1/stat").read_text().rpartition(")")[2].split()[19]
    with contextlib.suppress(OSError, ValueError, TypeError):
        known, *target = json.loads(REMEMBERED.read_text())
        if known == start:
            return Target(*target)
    target = configured_target()
    with contextlib.suppress(OSError):
        REMEMBERED.write_text(json.dumps([start, *target]))
    return Target(*target)


def configured_target() -> Target:
    """Where to ask, by the configuration that process 1 was started with."""
    from entrepot.config import load
    from entrepot.config.addresses import UnixAddress

    http = load(configuration_of(Path("/proc/1/cmdline")), os.environ).settings.http
    path, tls = f"{http.prefix}v2/", http.tls.enabled
    if isinstance(http.listen, UnixAddress):
        return Target(http.listen.path, "", 0, tls, path)
    # Listening everywhere includes here.
    here = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
    return Target(None, here.get(http.listen.host, http.listen.host), http.listen.port, tls, path)


def configuration_of(cmdline: Path) -> Path | None:
    """The file that a registry was started with; None where it chose for itself."""
    words = cmdline.read_bytes().decode().split("\0")
    names = [Path(word).name for word in words]
    start = next((names.index(name) + 1 for name in PROGRAMS if name in names), len(words))
    files = [word for word in words[start:] if word not in ("", "serve") and word[0] != "-"]
    return Path(files[-1]) if files else None


def ask(target: Target) -> int:
    """The status of the answer.

    Raises:
        OSError: there is no answer.
    """
    if target.file is not None:
        connected = socket.socket(socket.AF_UNIX)
        connected.settimeout(PATIENCE_SECONDS)
        connected.connect(target.file)
    else:
        connected = socket.create_connection((target.host, target.port), PATIENCE_SECONDS)
    if target.tls:
        import ssl

        # Whether the certificate is the right one is for clients to say; it is not named after
        # the loopback address.
        connected = ssl._create_unverified_context().wrap_socket(connected)  # noqa: S323
    connection = http.client.HTTPConnection("localhost", timeout=PATIENCE_SECONDS)
    connection.sock = connected
    try:
        connection.request("GET", target.path)
        return connection.getresponse().status
    except OSError as error:
        if "CERTIFICATE_REQUIRED" in str(error):
            return 401  # it is there, and wants to know more of its clients than this
        raise
    except http.client.HTTPException as error:
        raise OSError(f"not HTTP: {error!r}") from error
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
