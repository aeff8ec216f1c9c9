"""Whether accounts may still come in, answered from memory that is a second old at most."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Protocol

from entrepot.errors import Outage
from entrepot.ports.accounts import AccountReader, StoredToken
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.tokens import Standing
from entrepot.services.access.token_text import name_credential

_LOOK = MICROSECONDS
_CAPACITY = 10_000


class Marks(Protocol):
    """Gives marks of accounts."""

    async def mark(self, name: str) -> str | None:
        """Give an account's mark; None when it may not come in."""
        ...


class LoginStanding:
    """Implements `Standing` for accounts, and for the tokens by which they log in.

    Args:
        marks: of the accounts.
        accounts: where their tokens are.
        clock: tells the time.
    """

    def __init__(self, marks: Marks, accounts: AccountReader, clock: Clock) -> None:
        self._marks = marks
        self._accounts = accounts
        self._clock = clock
        self._looked_at: dict[str, int] = {}

    async def mark(self, name: str, credential: str = "") -> str | None:
        """Give an account's mark; None when nobody may come in like that."""
        if credential and not await self._is_good(name, credential):
            return None
        return await self._marks.mark(name)

    async def _is_good(self, name: str, credential: str) -> bool:
        """Tell whether a token's secret opens still, as of a second ago."""
        now = self._clock.now()
        if 0 <= now - self._looked_at.get(credential, 0) < _LOOK:
            return True
        token = await self._accounts.token(credential.partition(":")[0])
        good = token is not None and token.account == name and _opens(token, credential, now)
        if len(self._looked_at) >= _CAPACITY:
            self._looked_at.clear()
        if good:
            self._looked_at[credential] = now
        return good


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


class AnyStanding:
    """Asks several in turn: the first that knows the account decides.

    Args:
        standings: whom to ask.
    """

    def __init__(self, standings: Sequence[Standing]) -> None:
        self._standings = standings

    async def mark(self, name: str, credential: str = "") -> str | None:
        """Give an account's mark; None when nobody may come in like that.

        Raises:
            Outage: none knows the account, and one that might cannot tell now.
        """
        outage: Outage | None = None
        for standing in self._standings:
            try:
                mark = await standing.mark(name, credential)
            except Outage as error:
                outage = error
                continue
            if mark is not None:
                return mark
        if outage is not None:
            raise outage
        return None


def _opens(token: StoredToken, credential: str, now: int) -> bool:
    """Tell whether a secret is the token's, or was and may be used a while longer."""
    if token.expires_at is not None and now >= token.expires_at:
        return False
    if credential == name_credential(token.public_id, token.secret_hash):
        return True
    old, until = token.old_secret_hash, token.old_until
    if old is None or until is None or now >= until:
        return False
    return credential == name_credential(token.public_id, old)
