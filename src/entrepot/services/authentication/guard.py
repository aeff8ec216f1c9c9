"""Guessing is slowed down: per account and address, and per address.

Nobody can lock out somebody else: what is wrong from one address never makes another one wait, and
at an address where too much was wrong, accounts that were right from there before are looked at
still, each within its own few mistakes. Nor can anybody take up the turns in which passwords are
checked (turns.py). docs/decisions/0012-authentication-on-the-wire.md has why.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from entrepot.errors import Outage, TooManyGuesses, Unauthenticated
from entrepot.ports.access import Authenticator, BasicCredentials, Caller, Credentials
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.guesses import GuessLedger
from entrepot.services.authentication.turns import Turns
from entrepot.services.cache import MEBIBYTE, Cache, SecretHash

logger = logging.getLogger("entrepot.access")

# Within this, credentials that were right need no look at the ledger beside that of all.
_TRUSTED_SECONDS = 10.0
# A wrong password that a script sends again and again is one guess.
_SAME_GUESS_SECONDS = 600.0
_KEPT_BYTES = 2 * MEBIBYTE
_LOOK_SECONDS = 1.0
_WAITING_SHOWN = 10_000
# How long an address is known as one from which an account was right, and how often that is noted.
_FAMILIAR = 30 * 24 * 3600 * MICROSECONDS
_NOTE_AGAIN = 24 * 3600 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class GuessLimits:
    """How many mistakes are free, and how long others cost.

    Attributes:
        account: free ones for an account from an address.
        address: free ones from an address.
        longest: seconds to wait at most.
        forget: seconds without a mistake after which counting begins anew.
    """

    account: int
    address: int
    longest: float
    forget: float


class GuessGuard:
    """Asks another authenticator, and lets those wait who were wrong too often.

    Args:
        inner: knows the accounts.
        ledger: counts, for all workers.
        limits: how much is too much.
        clock: tells the time.
        seconds: tells seconds that run evenly.
        is_token: tells a token, which nobody guesses, from a password. A program that goes on
            with one that has expired shall not make the next one wait.
    """

    def __init__(
        self,
        inner: Authenticator,
        ledger: GuessLedger,
        limits: GuessLimits,
        clock: Clock,
        seconds: Callable[[], float] = time.monotonic,
        is_token: Callable[[str], bool] = lambda secret: False,
    ) -> None:
        self._is_token = is_token
        self._inner = inner
        self._ledger = ledger
        self._limits = limits
        self._clock = clock
        self._seconds = seconds
        self._key = SecretHash()
        self._right: Cache[bytes, bool] = Cache(_KEPT_BYTES, _TRUSTED_SECONDS, seconds)
        self._wrong: Cache[bytes, bool] = Cache(_KEPT_BYTES, _SAME_GUESS_SECONDS, seconds)
        self._waiting: dict[str, int] = {}
        self._looked_at = -_LOOK_SECONDS
        self._turns = Turns(seconds=seconds)
        self._running: dict[bytes, asyncio.Task[Caller]] = {}

    async def authenticate(self, credentials: Credentials) -> Caller:
        """Give the account that the credentials are of.

        Raises:
            TooManyGuesses: too many were wrong before; these were not looked at.
            Unauthenticated: they are wrong.
        """
        if not isinstance(credentials, BasicCredentials) or self._is_token(credentials.secret):
            return await self._inner.authenticate(credentials)  # nobody guesses a token
        if self._seconds() - self._looked_at >= _LOOK_SECONDS:
            await self._look()
        pair = subject_of(credentials)
        # Before anything else, so that who waits cannot tell a right guess from a wrong one.
        self._refuse_if(self._waiting.get(pair, 0))
        key = self._key(pair, credentials.secret)
        if self._right.get(key):
            return await self._inner.authenticate(credentials)
        running = self._running.get(key)
        if running is None:
            running = self._start(credentials, pair, key)
        # Shielded: others may wait for the same answer.
        return await asyncio.shield(running)

    def _start(
        self, credentials: BasicCredentials, pair: str, key: bytes
    ) -> "asyncio.Task[Caller]":
        running = asyncio.create_task(self._carefully(credentials, pair, key))
        self._running[key] = running
        running.add_done_callback(lambda done: self._end(key, done))
        return running

    def _end(self, key: bytes, done: "asyncio.Task[Caller]") -> None:
        del self._running[key]
        if not done.cancelled():
            done.exception()  # whoever waits is told

    async def _carefully(self, credentials: BasicCredentials, pair: str, key: bytes) -> Caller:
        """Check a password when its turn has come; what was wrong meanwhile counts by then."""
        address, _, account = pair.partition(" ")
        now = self._clock.now()
        familiar = await self._check_standing(address, pair) > max(0, now - _FAMILIAR)
        async with self._turns.turn(address, account, familiar=familiar):
            succeeded_at = await self._check_standing(address, pair)
            caller = await self._try(credentials, pair, key)
        self._right.keep(key, True)
        if succeeded_at <= max(0, self._clock.now() - _NOTE_AGAIN):
            await self._note_success(pair)
        return caller

    async def _check_standing(self, address: str, pair: str) -> int:
        """Refuse who has to wait; tell when the account was last right from here."""
        own = await self._ledger.record(pair)
        now = self._clock.now()
        if own.waits_until > now:
            # Another worker has said so. From here on right credentials wait here as wrong ones do.
            self._waiting[pair] = own.waits_until
            self._refuse_if(own.waits_until)
        if not own.succeeded_at or own.succeeded_at < now - _FAMILIAR:
            self._refuse_if((await self._ledger.record(address)).waits_until)
        return own.succeeded_at

    async def _try(self, credentials: BasicCredentials, pair: str, key: bytes) -> Caller:
        try:
            return await self._inner.authenticate(credentials)
        except Unauthenticated:
            if not self._wrong.get(key):
                self._wrong.keep(key, True)
                address, _, account = pair.partition(" ")
                self._turns.note_mistake(address, account)
                await self._count(address, self._limits.address)
                await self._count(pair, self._limits.account)
            raise

    async def _count(self, subject: str, free: int) -> None:
        now = self._clock.now()
        try:
            forgotten = now - int(self._limits.forget * MICROSECONDS)
            failures = await self._ledger.count(subject, now, forgotten)
            if failures < free:
                return
            seconds = min(self._limits.longest, 2.0 ** min(failures - free, 30))
            until = now + int(seconds * MICROSECONDS)
            await self._ledger.wait(subject, until)
        except Outage as error:
            logger.error("wrong credentials cannot be counted: %s", error.message)
            return
        self._waiting[subject] = until
        if failures == free:
            logger.warning("too many wrong credentials from %s", subject.partition(" ")[0])

    async def _note_success(self, pair: str) -> None:
        try:
            await self._ledger.succeed(pair, self._clock.now())
        except Outage as error:
            logger.error("a login cannot be noted: %s", error.message)

    async def _look(self) -> None:
        self._looked_at = self._seconds()
        try:
            self._waiting = await self._ledger.waiting(self._clock.now(), _WAITING_SHOWN)
        except Outage as error:
            logger.error("who has to wait cannot be read: %s", error.message)

    def refuse_who_waits(self, subject: str) -> None:
        """Return when a subject need not wait, as far as this process knows.

        Raises:
            TooManyGuesses: it has to wait.
        """
        if subject in self._waiting:
            self._refuse_if(self._waiting[subject])

    def _refuse_if(self, until: int) -> None:
        if until:
            left = until - self._clock.now()
            if left > 0:
                raise TooManyGuesses(-(-left // MICROSECONDS))


def subject_of(credentials: BasicCredentials) -> str:
    """Name an account at an address in the ledger; what was sent as a name may be a password."""
    raw = credentials.username.encode("utf-8", "surrogatepass")
    return f"{credentials.address} {blake2b(raw, digest_size=8).hexdigest()}"
