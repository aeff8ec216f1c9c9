"""Whether accounts may still come in, answered from memory that is a second old at most."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Protocol

from entrepot.ports.accounts import Account, Accounts
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.tokens import Standing

_LOOK = MICROSECONDS
_CAPACITY = 10_000


class AccountStanding:
    """Implements `Standing` for the accounts of the database.

    One number is asked for once a second; accounts are read again when it is another one.

    Args:
        accounts: where they are.
        clock: tells the time.
    """

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock
        self._generation = -1
        self._looked_at: int | None = None
        self._known: dict[tuple[str, str], _Known] = {}

    async def mark(self, name: str, credential: str = "") -> str | None:
        """Give an account's mark; None when nobody may come in like that."""
        now = self._clock.now()
        if self._looked_at is None or not 0 <= now - self._looked_at < _LOOK:
            await self._look(now)
        known = self._known.get((name, credential))
        if known is None:
            known = await self._read(name, credential)
        return known.mark if known.until is None or now < known.until else None

    async def _look(self, now: int) -> None:
        generation = await self._accounts.generation()
        if generation != self._generation:
            self._known.clear()
            self._generation = generation
        self._looked_at = now

    async def _read(self, name: str, credential: str) -> "_Known":
        generation = self._generation
        account = await self._accounts.account(name)
        known = _NOBODY if account is None or account.disabled else _known(account)
        if credential and known.mark is not None:
            token = await self._accounts.token(credential)
            if token is None or token.account != name:
                known = _NOBODY
            else:
                known = _Known(known.mark, _earlier(known.until, token.expires_at))
        # A later change than the last look was perhaps read here, or was not: it is read again.
        if generation == self._generation and len(self._known) < _CAPACITY:
            self._known[name, credential] = known
        return known


class PasswordHashes(Protocol):
    """What a file of passwords has."""

    @property
    def hashes(self) -> Mapping[str, bytes]:
        """Hashes by the names of users."""
        ...


class PasswordFile(Protocol):
    """A file of passwords, read again when it has changed."""

    async def current(self) -> PasswordHashes:
        """Give its content."""
        ...


class PasswordFileStanding:
    """Implements `Standing` for the users of a file of passwords.

    Args:
        file: has their hashes.
    """

    def __init__(self, file: PasswordFile) -> None:
        self._file = file

    async def mark(self, name: str, credential: str = "") -> str | None:
        """Give a user's mark, made of the hash; None when the file has no such user."""
        hashed = None if credential else (await self._file.current()).hashes.get(name)
        return None if hashed is None else sha256(b"mark" + hashed).hexdigest()[:16]


class EverybodysStanding:
    """Implements `Standing` where everybody is let in: for `auth.silly`."""

    async def mark(self, name: str, credential: str = "") -> str | None:
        """Say that anybody may come in."""
        return "anybody"


class AnyStanding:
    """Asks several in turn: the first that knows the account decides.

    Args:
        standings: whom to ask.
    """

    def __init__(self, standings: Sequence[Standing]) -> None:
        self._standings = standings

    async def mark(self, name: str, credential: str = "") -> str | None:
        """Give an account's mark; None when nobody may come in like that."""
        for standing in self._standings:
            mark = await standing.mark(name, credential)
            if mark is not None:
                return mark
        return None


class _Known:
    __slots__ = ("mark", "until")

    def __init__(self, mark: str | None, until: int | None = None) -> None:
        self.mark = mark
        self.until = until


_NOBODY = _Known(None)


def _known(account: Account) -> _Known:
    return _Known(f"{account.id}.{account.password_changed_at}", account.expires_at)


def _earlier(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
