"""Passwords that were checked a moment ago, right and wrong ones: paid for once.

What is kept is a keyed hash of the name, the password, and what is stored of the password, so
that a new password makes all that is kept of the old one worthless at once, and nobody who reads
this process's memory later finds a password here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from entrepot.services.cache import MEBIBYTE, Cache, SecretHash

Verify = Callable[[str, str], Awaitable[bool]]

RIGHT_SECONDS = 300.0
WRONG_SECONDS = 60.0
_BYTES = MEBIBYTE


class VerifiedPasswords:
    """Checks passwords, each once at a time and seldom again.

    Right and wrong ones have room of their own: guesses push out guesses only.

    Args:
        verify: checks a password against what is stored of it.
        seconds: tells the time that runs evenly, in seconds.
    """

    def __init__(self, verify: Verify, seconds: Callable[[], float] = time.monotonic) -> None:
        self._verify = verify
        self._key = SecretHash()
        self._right: Cache[bytes, bool] = Cache(_BYTES, RIGHT_SECONDS, seconds)
        self._wrong: Cache[bytes, bool] = Cache(_BYTES, WRONG_SECONDS, seconds)
        self._under_way: dict[bytes, asyncio.Future[bool]] = {}

    async def check(self, name: str, password: str, password_hash: str) -> bool:
        """Tell whether a password is right.

        Args:
            name: whose it shall be.
            password: as it was sent.
            password_hash: what is stored of the right one at this moment.

        Raises:
            Overloaded: too many are being checked.
        """
        key = self._key(password_hash, name, password)
        if self._right.get(key):
            return True
        if self._wrong.get(key):
            return False
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.ensure_future(self._verify(password_hash, password))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._note(key, done))
        # Shielded: others may wait for it, too.
        return await asyncio.shield(task)

    def _note(self, key: bytes, done: asyncio.Future[bool]) -> None:
        del self._under_way[key]
        if not done.cancelled() and done.exception() is None:
            (self._right if done.result() else self._wrong).keep(key, True)
