"""Tokens of users and robots: made, shown once, replaced with an overlap, removed."""

from collections.abc import Sequence

from entrepot.errors import InvalidRequest, NameTaken, UnknownAccount
from entrepot.ports.access import Caller, Grant
from entrepot.ports.accounts import AccessWriter, Account, Accounts, NewToken, StoredToken
from entrepot.ports.clock import Clock
from entrepot.ports.events import Event, EventKind
from entrepot.services.access.accounts import recorded
from entrepot.services.access.names import check_name, is_name
from entrepot.services.access.rules import compile_globs
from entrepot.services.access.token_text import TokenText

_PAGE = 100


class Tokens:
    """What account holders and administrators do with tokens.

    Args:
        accounts: where they are kept.
        clock: tells the time.
    """

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    async def add(
        self,
        caller: Caller,
        account: str,
        name: str,
        *,
        limits: Sequence[Grant] | None = None,
        expires_at: int | None = None,
    ) -> TokenText:
        """Make a token; this is the only time that its text is known.

        Limits may be wider than the account's rights: what both allow holds, at each use.

        Args:
            caller: who does it.
            account: of a user or a robot.
            name: unique among the account's tokens.
            limits: rights are no wider than these; None: as the account's.
            expires_at: no longer valid from then on.

        Raises:
            InvalidRequest: the name or the limits cannot be used.
            UnknownAccount: there is no such account.
            NameTaken: the account has a token of that name.
        """
        check_name("a token", name)
        check_grants(limits)
        found = await self._account(account)
        text = TokenText.make(found.kind)
        token = new_token(found.name, name, text, self._clock.now(), limits, expires_at)

        async def change(writer: AccessWriter) -> None:
            if await writer.account(account) is None:
                raise _no_account(account)
            if not await writer.add_token(token):
                raise NameTaken(f"{account} has a token called {name} already")

        event = self._event(
            caller,
            EventKind.TOKEN_CREATED,
            account,
            name,
            id=text.public_id,
            limits=spell_grants(limits),
            expires_at=expires_at,
        )
        await recorded(self._accounts, change, event)
        return text

    async def list(self, account: str) -> list[StoredToken]:
        """List all tokens of an account, by name.

        Raises:
            UnknownAccount: there is no such account.
        """
        await self._account(account)
        tokens: list[StoredToken] = []
        while page := await self._accounts.tokens(
            account, tokens[-1].name if tokens else "", _PAGE
        ):
            tokens += page
        return tokens

    async def get(self, account: str, name: str) -> StoredToken:
        """Find a token.

        Raises:
            UnknownAccount: there is no such account or token.
        """
        for token in await self.list(account):
            if token.name == name:
                return token
        raise _unknown(account, name)

    async def rotate(self, caller: Caller, account: str, name: str, overlap: float) -> TokenText:
        """Replace a token's secret; the one that it had is good for a while longer.

        Args:
            caller: who does it.
            account: whose token.
            name: of the token.
            overlap: seconds that the old one is good; 0 ends it now.

        Raises:
            UnknownAccount: there is no such account or token.
        """
        stored = await self.get(account, name)
        text = TokenText.make(stored.kind, stored.public_id)
        now = self._clock.now()
        old_until = now + int(overlap * 1_000_000)

        async def change(writer: AccessWriter) -> None:
            if not await writer.rotate_token(account, name, text.hash(), old_until, now):
                raise _unknown(account, name)

        event = self._event(
            caller, EventKind.TOKEN_ROTATED, account, name, id=stored.public_id, old_until=old_until
        )
        await recorded(self._accounts, change, event)
        return text

    async def remove(self, caller: Caller, account: str, name: str) -> None:
        """Remove a token; it is no longer valid.

        Args:
            caller: who does it.
            account: whose token.
            name: of the token.

        Raises:
            UnknownAccount: there is no such account or token.
        """
        await self._account(account)

        async def change(writer: AccessWriter) -> None:
            if not await writer.remove_token(account, name):
                raise _unknown(account, name)

        await recorded(
            self._accounts, change, self._event(caller, EventKind.TOKEN_DELETED, account, name)
        )

    def _event(
        self,
        caller: Caller,
        kind: EventKind,
        account: str,
        name: str,
        **details: str | int | bool | None,
    ) -> Event:
        details = {"token": name, **details}
        return Event(kind, caller, self._clock.now(), reference=account, details=details)

    async def _account(self, name: str) -> Account:
        found = await self._accounts.account(name) if is_name(name) else None
        if found is None:
            raise _no_account(name)
        return found


def check_grants(grants: Sequence[Grant] | None) -> None:
    """Return when grants can be used.

    Raises:
        InvalidRequest: one allows nothing, or has a pattern that is none.
    """
    for grant in grants or ():
        if not grant.actions:
            raise InvalidRequest("a grant names at least one action")
        compile_globs(grant.patterns)


def spell_grants(grants: Sequence[Grant] | None) -> str | None:
    """Give grants as an event has them, `pull,push:team/**` and such, parted by spaces."""
    if grants is None:
        return None
    return " ".join(
        f"{','.join(sorted(grant.actions))}:{','.join(grant.patterns)}" for grant in grants
    )


def new_token(
    account: str,
    name: str,
    text: TokenText,
    now: int,
    limits: Sequence[Grant] | None,
    expires_at: int | None,
) -> NewToken:
    """Give what is stored of a token."""
    return NewToken(
        public_id=text.public_id,
        account=account,
        name=name,
        secret_hash=text.hash(),
        created_at=now,
        limits=None if limits is None else tuple(limits),
        expires_at=expires_at,
    )


def _no_account(name: str) -> UnknownAccount:
    return UnknownAccount(f"there is no user or robot {name!r}")


def _unknown(account: str, name: str) -> UnknownAccount:
    return UnknownAccount(f"{account} has no token {name!r}")
