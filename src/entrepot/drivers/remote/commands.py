"""Programs that know credentials: docker's credential helpers, and what `exec` names.

Sources: https://github.com/docker/docker-credential-helpers ("Development"); Distribution's
configuration, `proxy.exec`.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from entrepot.errors import UpstreamDenied

TIMEOUT_SECONDS = 30.0
MOST_BYTES = 64 * 1024

_END_SECONDS = 5.0

_IDENTITY_TOKEN = "<token>"  # noqa: S105 - the user name that helpers give in place of one
# What helpers print when they have nothing; they exit with 1 then, too.
_NOT_FOUND = "credentials not found"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are for another registry.

    Attributes:
        username: empty with an identity token.
        secret: a password, or the token.
        is_identity_token: it is a refresh token of OAuth 2, which token servers alone take.
    """

    username: str
    secret: str
    is_identity_token: bool = False

    def __repr__(self) -> str:
        """Tell nothing that a log must not have."""
        return f"Credentials({self.username!r})"


async def ask_helper(command: Sequence[str], server: str) -> Credentials | None:
    """Run a program with the argument `get`, the server's name on its standard input.

    Args:
        command: the program and its arguments; no shell reads them.
        server: as the program knows it.

    Returns:
        What it prints; None where it says that it has none.

    Raises:
        UpstreamDenied: it cannot be run, fails, takes too long, or prints something else.
    """
    program = os.path.basename(command[0])  # noqa: PTH119 - a name, not a file
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            "get",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise UpstreamDenied(
            f"the credentials command {program} cannot be run: {reason}"
        ) from error
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            printed = await _converse(process, server)
            status = await process.wait()
    except TimeoutError:
        raise UpstreamDenied(
            f"the credentials command {program} did not end within {TIMEOUT_SECONDS:.0f} s"
        ) from None
    finally:
        await _end(process)
    if status != 0 and _NOT_FOUND in printed[:1024].decode("utf-8", "replace").lower():
        return None
    if status != 0:
        raise UpstreamDenied(
            f"the credentials command {program} failed with status {status}; run it by hand: "
            f"echo {server} | {program} get"
        )
    return _read(printed, program)


async def _converse(process: asyncio.subprocess.Process, server: str) -> bytes:
    """Write the question and read the answer, at most MOST_BYTES and one more."""
    if process.stdin is None or process.stdout is None:
        return b""
    with contextlib.suppress(OSError):  # a program that needs no question may have ended
        process.stdin.write(server.encode())
        await process.stdin.drain()
        process.stdin.close()
    printed = bytearray()
    while len(printed) <= MOST_BYTES:
        piece = await process.stdout.read(MOST_BYTES + 1 - len(printed))
        if not piece:
            return bytes(printed)
        printed += piece
    raise UpstreamDenied("the credentials command prints too much")


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the program and what it has started, however far it is."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    # asyncio learns of the end only once all was read; a program may have passed its output on.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            while process.stdout is not None and await process.stdout.read(MOST_BYTES):
                pass
            await process.wait()


def _read(printed: bytes, program: str) -> Credentials:
    try:
        document: Any = json.loads(printed)
        username, secret = document["Username"], document["Secret"]
    except (ValueError, RecursionError, KeyError, TypeError):
        username = secret = None
    if not isinstance(username, str) or not isinstance(secret, str) or not secret:
        raise UpstreamDenied(
            f'the credentials command {program} printed no {{"Username": …, "Secret": …}}'
        )
    if username == _IDENTITY_TOKEN:
        return Credentials("", secret, is_identity_token=True)
    return Credentials(username, secret)
