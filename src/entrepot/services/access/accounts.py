"""What administrators do with users and with robots alike."""

from collections.abc import Awaitable, Callable

from entrepot.errors import UnknownAccount
from entrepot.ports.access import Caller, Kind
from entrepot.ports.accounts import AccessWriter, Account, Accounts, Result
from entrepot.ports.clock import Clock
from entrepot.ports.events import Event, EventKind
from entrepot.services.access.names import check_name


class AccountsOfKind:
    """Finds and changes accounts of one kind, and passes over those of the other.

    Args:
        accounts: where they are kept.
        kind: `Kind.USER` or `Kind.ROBOT`.
        clock: tells the time.
    """

    def __init__(self, accounts: Accounts, kind: Kind, clock: Clock) -> None:
        self._accounts = accounts
        self._kind = kind
        self._clock = clock

    async def get(self, name: str) -> Account:
        """Find an account.

        Raises:
            UnknownAccount: there is none of that name.
        """
        account = await self._accounts.account(check_name(f"a {self._kind}", name))
        if account is None or account.kind is not self._kind:
            raise self._unknown(name)
        return account

    async def list(self, after: str, limit: int) -> list[Account]:
        """List accounts by name, from behind one."""
        return await self._accounts.accounts(self._kind, after, limit)

    async def set_disabled(self, caller: Caller, name: str, disabled: bool) -> None:
        """Disable or enable an account, along with its tokens and robots.

        Args:
            caller: who does it.
            name: the account's.
            disabled: True to disable it, False to enable it.

        Raises:
            UnknownAccount: there is no such account.
        """
        await self.get(name)
        event = self._event(caller, EventKind.ACCOUNT_CHANGED, name, disabled=disabled)
        await recorded(self._accounts, lambda writer: writer.set_disabled(name, disabled), event)

    async def expire(self, caller: Caller, name: str, expires_at: int | None) -> None:
        """Let an account in until a moment, or for ever.

        Args:
            caller: who does it.
            name: the account's.
            expires_at: microseconds since 1970, UTC; None for ever.

        Raises:
            UnknownAccount: there is no such account.
        """
        await self.get(name)
        event = self._event(caller, EventKind.ACCOUNT_CHANGED, name, expires_at=expires_at)
        await recorded(self._accounts, lambda writer: writer.set_expiry(name, expires_at), event)

    def _event(
        self, caller: Caller, kind: EventKind, name: str, **details: str | int | bool | None
    ) -> Event:
        details = {"kind": self._kind, **details}
        return Event(kind, caller, self._clock.now(), reference=name, details=details)

    def _unknown(self, name: str) -> UnknownAccount:
        return UnknownAccount(f"there is no {self._kind} {name}")


async def recorded(
    accounts: Accounts, change: Callable[[AccessWriter], Awaitable[Result]], event: Event
) -> Result:
    """Change accounts, tokens, groups or rules, and record that; a change gives False for none."""

    async def work(writer: AccessWriter) -> Result:
        result = await change(writer)
        if result is not False:
            await writer.record(event)
        return result

    return await accounts.change(work)
