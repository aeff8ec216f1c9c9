"""Who sent the same header from the same address a moment ago: found without asking anybody.

Clients send their credentials with each request, and many requests a second. What is taken away
from an account of Entrepot's own ends this at once; another file of passwords, or a token that has
run out, is felt this moment later.
"""

import time
from collections.abc import Awaitable, Callable

from entrepot.ports.access import BasicCredentials, Caller, Credentials
from entrepot.services.authentication.guard import GuessGuard, subject_of
from entrepot.services.cache import MEBIBYTE, Cache, SecretHash

SECONDS = 0.25
_BYTES = MEBIBYTE

Edition = Callable[[], Awaitable[int]]
"""Gives what is another number as soon as an account, a token or a rule is another one."""


async def no_edition() -> int:
    """Where there are no accounts, nothing of them changes."""
    return 0


class RecentLogins:
    """Remembers callers by a hash of what they sent.

    Args:
        guard: knows who has to wait, however right the credentials are.
        edition: of what callers were found by.
        seconds: how long a caller is remembered.
        clock: tells seconds that run evenly.
    """

    def __init__(
        self,
        guard: GuessGuard,
        edition: Edition = no_edition,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._edition = edition
        self._key = SecretHash()
        self._kept: Cache[tuple[bytes, str], tuple[int, Caller, str]] = Cache(
            _BYTES, seconds, clock
        )

    async def find(self, header: bytes, address: str) -> Caller | None:
        """Give who sent this a moment ago.

        Raises:
            TooManyGuesses: there were too many wrong ones since, from the same address.
            MetadataOutage: accounts cannot be read now.
        """
        kept = self._kept.get((self._key(header), address))
        if kept is None:
            return None
        edition, caller, subject = kept
        if edition != await self._edition():
            return None
        if subject:
            self._guard.refuse_who_waits(subject)
        return caller

    async def login(self, header: bytes, credentials: Credentials) -> Caller:
        """Find out whose a header is, and remember it.

        Raises:
            EntrepotError: what the guard raises.
        """
        # Before: what changes meanwhile makes what is found out old.
        edition = await self._edition()
        caller = await self._guard.authenticate(credentials)
        subject = subject_of(credentials) if isinstance(credentials, BasicCredentials) else ""
        self._kept.keep((self._key(header), credentials.address), (edition, caller, subject))
        return caller
