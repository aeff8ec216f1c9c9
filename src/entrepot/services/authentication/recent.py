"""Who sent the same header from the same address a moment ago: found without asking anybody.

Clients send their credentials with each request, and many requests a second. Whatever ends a
login (another file, a disabled account, a token that ran out) is felt this moment later.
"""

import os
import time
from collections.abc import Callable
from hashlib import blake2b

from entrepot.ports.access import BasicCredentials, Caller, Credentials
from entrepot.services.authentication.guard import GuessGuard, subject_of

SECONDS = 0.25
_SIZE = 4096
_DIGEST_BYTES = 16


class RecentLogins:
    """Remembers callers by what they sent, hashed with a number that nobody else has.

    Args:
        guard: knows who has to wait, however right the credentials are.
        seconds: how long a caller is remembered.
        clock: tells seconds that run evenly.
    """

    def __init__(
        self,
        guard: GuessGuard,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._seconds = seconds
        self._clock = clock
        self._keyed = blake2b(key=os.urandom(32), digest_size=_DIGEST_BYTES)
        self._kept: dict[tuple[bytes, str], tuple[float, Caller, str]] = {}

    def find(self, header: bytes, address: str) -> Caller | None:
        """Give who sent this a moment ago.

        Raises:
            TooManyGuesses: there were too many wrong ones since, from the same address.
        """
        hashing = self._keyed.copy()
        hashing.update(header)
        kept = self._kept.get((hashing.digest(), address))
        if kept is None or self._clock() >= kept[0]:
            return None
        if kept[2]:
            self._guard.refuse_who_waits(kept[2])
        return kept[1]

    def keep(self, header: bytes, credentials: Credentials, caller: Caller) -> None:
        """Remember who sent a header."""
        hashing = self._keyed.copy()
        hashing.update(header)
        subject = subject_of(credentials) if isinstance(credentials, BasicCredentials) else ""
        key = hashing.digest(), credentials.address
        self._kept.pop(key, None)
        while len(self._kept) >= _SIZE:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (self._clock() + self._seconds, caller, subject)
