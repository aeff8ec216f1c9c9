"""Passwords are hashed in a process that goes behind everything else.

A thread with a low priority would not do: each time it wants the interpreter back after a hash, the
event loop waits until that thread has got it, and on a busy machine a thread that goes behind
everything gets it late. A process has an interpreter of its own.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys
import time
from typing import Any

from entrepot.services.access.argon2id import Argon2id

logger = logging.getLogger("entrepot.access")

_COMMAND = [sys.executable, "-P", "-m", "entrepot.operations.password_child"]
# What Python needs to find itself and its libraries; settings with secrets are none of it.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG")
_END_SECONDS = 5.0
_REST_SECONDS = 60.0


class PasswordProcess:
    """Implements `PasswordHasher` with a process, which is begun by the first password.

    Where it cannot be begun, or ends, passwords are hashed here.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._here = Argon2id()
        self._rests_until = 0.0

    def hash(self, password: bytes) -> str:
        """Give what is stored of a password."""
        answer = self._ask(None, password)
        return answer if isinstance(answer, str) else self._here.hash(password)

    def verify(self, password_hash: str, password: bytes) -> bool:
        """Tell whether a password is the one that has this hash; nothing else is one."""
        answer = self._ask(password_hash, password)
        return answer if isinstance(answer, bool) else self._here.verify(password_hash, password)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)

    def _ask(self, password_hash: str | None, password: bytes) -> Any:
        """Give the process's answer; None where there is none."""
        is_new = self._process is None
        if is_new and time.monotonic() < self._rests_until:
            return None
        try:
            process = self._process = self._process or _begin()
            return _exchange(process, password_hash, password)
        except (OSError, ValueError) as error:
            logger.warning("passwords are hashed without a process of their own: %s", error)
            self.close()
            if is_new:  # the next would do no better
                self._rests_until = time.monotonic() + _REST_SECONDS
            return None


def _begin() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return subprocess.Popen(  # noqa: S603 (this program itself)
        _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )


def _exchange(process: subprocess.Popen[bytes], password_hash: str | None, password: bytes) -> Any:
    if process.stdin is None or process.stdout is None:
        raise OSError("it has no pipes")
    request = {"hash": password_hash, "password": password.hex()}
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise OSError("it has ended")
    return json.loads(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):  # it has ended, and something was still to be written
            process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
