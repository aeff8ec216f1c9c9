"""Asks the registry in this container whether it answers; HEALTHCHECK reads the exit status.

The address is that of the configuration which process 1 was started with, so that another port, a
path prefix, TLS or a socket file are followed without saying them twice. 401 is an answer, too.
"""

import http.client
import os
import socket
import ssl
import sys
from pathlib import Path

from entrepot.config import Settings, load
from entrepot.config.addresses import UnixAddress

PROGRAMS = ("registry", "entrepot")
PATIENCE_SECONDS = 4
ANSWERS = (http.client.OK, http.client.UNAUTHORIZED)


def main() -> int:
    """Return 0 when it answers, else 1."""
    settings = load(configuration_of(Path("/proc/1/cmdline")), os.environ).settings
    try:
        status = ask(settings)
    except OSError as error:
        print(f"no answer: {error}", file=sys.stderr)  # noqa: T201 - docker inspect shows it
        return 1
    print(f"status {status}")  # noqa: T201 - docker inspect shows it
    return 0 if status in ANSWERS else 1


def configuration_of(cmdline: Path) -> Path | None:
    """The file that a registry was started with; None where it chose for itself."""
    words = cmdline.read_bytes().decode().split("\0")
    names = [Path(word).name for word in words]
    start = next((names.index(name) + 1 for name in PROGRAMS if name in names), len(words))
    files = [word for word in words[start:] if word not in ("", "serve") and word[0] != "-"]
    return Path(files[-1]) if files else None


def ask(settings: Settings) -> int:
    """The status of the answer to GET /v2/.

    Raises:
        OSError: there is no answer.
    """
    listen = settings.http.listen
    if isinstance(listen, UnixAddress):
        connected = socket.socket(socket.AF_UNIX)
        connected.settimeout(PATIENCE_SECONDS)
        connected.connect(listen.path)
    else:
        # Listening everywhere includes here.
        host = "127.0.0.1" if listen.host in ("", "0.0.0.0") else listen.host  # noqa: S104
        address = ("::1" if host == "::" else host, listen.port)
        connected = socket.create_connection(address, PATIENCE_SECONDS)
    if settings.http.tls.enabled:
        # Whether the certificate is the right one is for clients to say; it is not named after
        # the loopback address.
        context = ssl._create_unverified_context()  # noqa: S323
        connected = context.wrap_socket(connected)
    connection = http.client.HTTPConnection("localhost", timeout=PATIENCE_SECONDS)
    connection.sock = connected
    try:
        connection.request("GET", f"{settings.http.prefix}v2/")
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
