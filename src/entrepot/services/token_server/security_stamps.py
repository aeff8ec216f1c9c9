"""Whether accounts may still come in."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import inf
from typing import Protocol

from entrepot.errors import Outage
from entrepot.ports.accounts import AccountReader, StoredToken
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.tokens import SecurityStamps
from entrepot.services.access.token_text import name_credential
from entrepot.services.access.view import View, Views, is_active
from entrepot.services.cache import MEBIBYTE, Cache

_BYTES = MEBIBYTE


class AccountStamps:
    """Implements `SecurityStamps` for accounts, and for the tokens by which they log in.

    Args:
        views: what is known of accounts.
        accounts: where their tokens are.
        clock: tells the time, for what expires.
    """

    def __init__(self, views: Views, accounts: AccountReader, clock: Clock) -> None:
        self._views = views
        self._accounts = accounts
        self._clock = clock
        # With the edition of the view by which a token's secret was good.
        self._good: Cache[tuple[str, str], int] = Cache(
            _BYTES, clock=lambda: clock.now() / MICROSECONDS
        )

    async def security_stamp(self, name: str, credential: str = "") -> str | None:
        """Give an account's stamp; None when nobody may come in like that.

        Raises:
            MetadataOutage: accounts cannot be read.
        """
        view = await self._views.current()
        account = (await view.known(name)).account
        if account is None:
            return None
        if not await is_active(view, account.name, account.kind, self._clock.now()):
            return None
        if credential and not await self._is_good(view, name, credential):
            return None
        return f"{account.id}-{account.password_changed_at}"

    async def _is_good(self, view: View, name: str, credential: str) -> bool:
        """Tell whether a token's secret opens still."""
        key = name, credential
        if self._good.get(key) == view.edition:
            return True
        token = await self._accounts.token(credential.partition(":")[0])
        if token is None or token.account != name:
            return False
        now = self._clock.now()
        until = _opens_until(token, credential)
        if until <= now:
            return False
        self._good.keep(key, view.edition, until / MICROSECONDS)
        return True


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


class PasswordFileStamps:
    """Implements `SecurityStamps` for the users of a file of passwords.

    Args:
        file: has their hashes.
    """

    def __init__(self, file: PasswordFile) -> None:
        self._file = file

    async def security_stamp(self, name: str, credential: str = "") -> str | None:
        """Give a user's stamp, made of the hash; None when the file has no such user."""
        hashed = None if credential else (await self._file.current()).hashes.get(name)
        return None if hashed is None else sha256(b"mark" + hashed).hexdigest()[:16]


class AnyStamps:
    """Asks several in turn: the first that knows the account decides.

    Args:
        stamps: whom to ask.
    """

    def __init__(self, stamps: Sequence[SecurityStamps]) -> None:
        self._stamps = stamps

    async def security_stamp(self, name: str, credential: str = "") -> str | None:
        """Give an account's stamp; None when nobody may come in like that.

        Raises:
            Outage: none knows the account, and one that might cannot tell now.
        """
        outage: Outage | None = None
        for stamps in self._stamps:
            try:
                mark = await stamps.security_stamp(name, credential)
            except Outage as error:
                outage = error
                continue
            if mark is not None:
                return mark
        if outage is not None:
            raise outage
        return None


def _opens_until(token: StoredToken, credential: str) -> float:
    """Tell until when a secret is the token's, in microseconds since 1970."""
    ends = [inf if token.expires_at is None else token.expires_at]
    if credential != name_credential(token.public_id, token.secret_hash):
        old, until = token.old_secret_hash, token.old_until
        if old is None or until is None:
            return 0
        if credential != name_credential(token.public_id, old):
            return 0
        ends.append(until)
    return min(ends)
