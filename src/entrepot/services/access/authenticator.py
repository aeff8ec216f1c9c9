"""Logging in with an account of Entrepot's own: by password, by token.

An unknown name, a wrong password, a disabled and an expired account are not told apart: not by
what is raised, nor by how long that takes, for a password is checked in each case.
"""

import hmac
from dataclasses import dataclass

from entrepot.errors import Unauthenticated
from entrepot.ports.access import BasicCredentials, BearerCredentials, Caller, Credentials
from entrepot.ports.accounts import Account, Accounts, LastUse, StoredToken
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.services.access.argon2id import NOBODYS_HASH
from entrepot.services.access.last_uses import LastUses
from entrepot.services.access.names import is_name
from entrepot.services.access.passwords import MAX_LENGTH, Passwords
from entrepot.services.access.token_text import TokenText, looks_like_token
from entrepot.services.access.verified import VerifiedPasswords
from entrepot.services.access.view import View, Views, is_active
from entrepot.services.cache import MEBIBYTE, Cache

_LOGINS_BYTES = 2 * MEBIBYTE
_WRONG = "the name or the password is wrong"


@dataclass(frozen=True, slots=True)
class _Login:
    """A token that was good, and what makes it so.

    Attributes:
        edition: of the view that said so.
        until: when it expires, or its secret that was replaced does; None for never.
    """

    edition: int
    until: int | None
    caller: Caller
    account: int
    token: int


class AccountAuthenticator:
    """Implements `Authenticator` over the accounts of the database.

    Args:
        accounts: where tokens are found.
        views: what is known of accounts.
        passwords: checks them.
        uses: is told of each login.
        clock: tells the time, for what expires.
    """

    def __init__(
        self,
        accounts: Accounts,
        views: Views,
        passwords: Passwords,
        uses: LastUses,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._views = views
        self._verified = VerifiedPasswords(passwords.verify)
        self._uses = uses
        self._clock = clock
        self._logins: Cache[tuple[str | None, bytes], _Login] = Cache(
            _LOGINS_BYTES, clock=lambda: clock.now() / MICROSECONDS
        )

    async def authenticate(self, credentials: Credentials) -> Caller:
        """Give the account that the credentials are of.

        A token can be sent alone, too, as a Bearer token: it names its account.

        Raises:
            Unauthenticated: they are of nobody here, wrong, expired, or of a disabled account.
            Overloaded: too many passwords are being checked.
            MetadataOutage: accounts cannot be read now.
        """
        if isinstance(credentials, BearerCredentials):
            if not looks_like_token(credentials.token):
                raise Unauthenticated
            return await self._by_token(None, credentials.token, credentials.address)
        if looks_like_token(credentials.secret):
            name = credentials.username
            return await self._by_token(name, credentials.secret, credentials.address)
        return await self._by_password(credentials)

    async def _by_password(self, credentials: BasicCredentials) -> Caller:
        name = credentials.username
        view = await self._views.current()
        account: Account | None = None
        if is_name(name):
            account = (await view.known(name)).account
        password_hash = None if account is None else account.password_hash
        right = await self._verified.check(
            name, credentials.secret[: MAX_LENGTH + 1], password_hash or NOBODYS_HASH
        )
        now = self._clock.now()
        if not right or account is None or password_hash is None or not account.is_active(now):
            raise Unauthenticated(_WRONG)
        self._uses.note(LastUse(account.id, None, now, credentials.address))
        return Caller(account.name, account.kind)

    async def _by_token(self, name: str | None, text: str, address: str) -> Caller:
        token = TokenText.parse(text)
        if token is None:
            raise Unauthenticated(_WRONG)
        view = await self._views.current()
        now = self._clock.now()
        key = (name, token.hash())
        login = self._logins.get(key)
        if login is None or login.edition != view.edition:
            login = await self._look_up(view, name, token, now)
            until = None if login.until is None else login.until / MICROSECONDS
            self._logins.keep(key, login, until)
        self._uses.note(LastUse(login.account, login.token, now, address))
        return login.caller

    async def _look_up(self, view: View, name: str | None, token: TokenText, now: int) -> _Login:
        stored = await self._accounts.token(token.public_id)
        if stored is None or stored.kind is not token.kind:
            raise Unauthenticated(_WRONG)
        until = _good_until(stored, token.hash(), now)
        if name is not None and name != stored.account:
            raise Unauthenticated(_WRONG)
        account = (await view.known(stored.account)).account
        if account is None or not await is_active(view, account.name, account.kind, now):
            raise Unauthenticated(_WRONG)
        if account.expires_at is not None:
            until = min(until or account.expires_at, account.expires_at)
        caller = Caller(account.name, account.kind, limits=stored.limits)
        return _Login(view.edition, until, caller, account.id, stored.id)


def _good_until(stored: StoredToken, digest: bytes, now: int) -> int | None:
    """Tell until when a secret is good; None for ever.

    Raises:
        Unauthenticated: it is not good now.
    """
    moments = [] if stored.expires_at is None else [stored.expires_at]
    if not hmac.compare_digest(stored.secret_hash, digest):
        old = stored.old_secret_hash
        if old is None or stored.old_until is None or not hmac.compare_digest(old, digest):
            raise Unauthenticated(_WRONG)
        moments.append(stored.old_until)
    if moments and now >= min(moments):
        raise Unauthenticated(_WRONG)
    return min(moments, default=None)
