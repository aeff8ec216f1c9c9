"""Names and passwords from a file of htpasswd's, by bcrypt (Docker Registry's ``auth.htpasswd``).

A right or wrong password is found out once: what was found out is kept for a few minutes, and
forgotten when the file is another one.
"""

import asyncio
import contextlib
import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from entrepot.config.htpasswd_file import HtpasswdContent
from entrepot.errors import Overloaded, Unauthenticated
from entrepot.ports.access import BasicCredentials, Caller, Credentials, Kind
from entrepot.services.authentication.chain import WRONG
from entrepot.services.cache import MEBIBYTE, Cache, SecretHash

Check = Callable[[bytes, bytes], bool]

_KEPT_SECONDS = 300.0
_KEPT_BYTES = MEBIBYTE
_THREADS = 2
_WAITING = 256
_NICENESS = 10
_BCRYPT_BYTES = 72  # every implementation of bcrypt ignores the rest
# Of nobody: where the file is empty, an unknown name costs what it costs elsewhere.
_NOBODY = b"$2b$10$Wy9jmfEQow.3UqW.T3h6te6dNfyX5a3aWwmuZAJvqfAAYvUsDC5p2"


class PasswordFile(Protocol):
    """The file, read again when it has changed."""

    async def current(self) -> HtpasswdContent:
        """Give its content, the same object as long as it is the same content.

        Raises:
            MetadataOutage: it cannot be read now.
        """
        ...


class HtpasswdAuthenticator:
    """Knows the users of a file.

    Args:
        file: has their hashes.
        check: compares a password with a hash.
        is_token: tells a secret that is of an account elsewhere, and no password.
    """

    def __init__(
        self,
        file: PasswordFile,
        check: Check,
        is_token: Callable[[str], bool] = lambda secret: False,
    ) -> None:
        self._file = file
        self._is_token = is_token
        self._check = check
        self._content: HtpasswdContent | None = None
        # Each with room of its own: guesses push out guesses only.
        self._key = SecretHash()
        self._right: Cache[bytes, bool] = Cache(_KEPT_BYTES, _KEPT_SECONDS)
        self._wrong: Cache[bytes, bool] = Cache(_KEPT_BYTES, _KEPT_SECONDS)
        self._seed = os.urandom(16)
        self._hashes: tuple[bytes, ...] = ()
        self._running: dict[bytes, asyncio.Future[bool]] = {}
        self._pool: ThreadPoolExecutor | None = None

    async def authenticate(self, credentials: Credentials) -> Caller:
        """Give the user whose password it is.

        Raises:
            Unauthenticated: there is no such user, or the password is wrong.
            Overloaded: too many passwords are being checked.
            MetadataOutage: the file cannot be read now.
        """
        if not isinstance(credentials, BasicCredentials) or self._is_token(credentials.secret):
            raise Unauthenticated(WRONG)
        content = await self._file.current()
        if content is not self._content:
            self._right.clear()
            self._wrong.clear()
            self._running = {}
            self._content = content
            self._hashes = tuple(content.hashes.values())
        name = credentials.username
        key = self._key(name, credentials.secret)
        if self._right.get(key):
            return Caller(name, Kind.USER)
        if self._wrong.get(key):
            raise Unauthenticated(WRONG)
        if not await self._find_out(key, content, name, credentials.secret):
            raise Unauthenticated(WRONG)
        return Caller(name, Kind.USER)

    def close(self) -> None:
        """Let go of the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def _find_out(self, key: bytes, content: HtpasswdContent, name: str, secret: str) -> bool:
        """Compare, once for all who ask the same at the same time."""
        running = self._running.get(key)
        if running is None:
            if len(self._running) >= _WAITING:
                raise Overloaded("too many passwords are being checked; try again in a moment")
            running = asyncio.ensure_future(self._compare(content, name, secret))
            self._running[key] = running
            running.add_done_callback(lambda done: self._note(key, content, done))
        # Shielded: others may wait for the same comparison.
        return await asyncio.shield(running)

    def _note(self, key: bytes, content: HtpasswdContent, done: "asyncio.Future[bool]") -> None:
        if self._running.get(key) is done:
            del self._running[key]
        if not done.cancelled() and done.exception() is None and content is self._content:
            (self._right if done.result() else self._wrong).keep(key, True)

    async def _compare(self, content: HtpasswdContent, name: str, secret: str) -> bool:
        known = content.hashes.get(name)
        hashed = known or self._hash_of_nobody(name)
        password = secret.encode("utf-8", "surrogatepass")[:_BCRYPT_BYTES]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, "htpasswd", _let_others_go_first)
        loop = asyncio.get_running_loop()
        same = await loop.run_in_executor(self._pool, self._check, password, hashed)
        return same and known is not None

    def _hash_of_nobody(self, name: str) -> bytes:
        """Choose a hash, always the same for a name: the file's may differ in their cost."""
        if not self._hashes:
            return _NOBODY
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=self._seed).digest()
        return self._hashes[int.from_bytes(digest[:8], "big") % len(self._hashes)]


def _let_others_go_first() -> None:
    """Lower this thread's priority: requests that need no password checked shall not wait."""
    with contextlib.suppress(OSError):  # Linux knows threads by numbers of processes
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def check_bcrypt(password: bytes, hashed: bytes) -> bool:
    """Tell whether a password has a hash; takes as long as the hash's cost says."""
    import bcrypt  # here, because only who configures htpasswd needs it

    try:
        return bcrypt.checkpw(password, hashed)
    except ValueError:  # a password that cannot be one (NUL), or a hash that only looks like one
        return False
