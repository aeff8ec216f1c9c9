"""What administrators do with users and with robots alike."""

from entrepot.errors import UnknownAccount
from entrepot.ports.access import Kind
from entrepot.ports.accounts import Account, Accounts
from entrepot.services.access.names import check_name


class AccountsOfKind:
    """Finds and changes accounts of one kind, and passes over those of the other.

    Args:
        accounts: where they are kept.
        kind: `Kind.USER` or `Kind.ROBOT`.
    """

    def __init__(self, accounts: Accounts, kind: Kind) -> None:
        self._accounts = accounts
        self._kind = kind

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

    async def set_disabled(self, name: str, disabled: bool) -> None:
        """Let an account in no more, or again; that goes for its tokens and robots, too.

        Raises:
            UnknownAccount: there is no such account.
        """
        await self.get(name)
        await self._accounts.change(lambda writer: writer.set_disabled(name, disabled))

    async def expire(self, name: str, expires_at: int | None) -> None:
        """Let an account in until a moment, or for ever.

        Raises:
            UnknownAccount: there is no such account.
        """
        await self.get(name)
        await self._accounts.change(lambda writer: writer.set_expiry(name, expires_at))

    def _unknown(self, name: str) -> UnknownAccount:
        return UnknownAccount(f"there is no {self._kind} {name}")
