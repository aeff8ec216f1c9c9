"""Whether accounts that were let in before may still come in."""

from entrepot.ports.accounts import Account
from entrepot.ports.clock import Clock
from entrepot.services.access.view import Views, is_active


class AccountStanding:
    """Implements `Standing` over the accounts of the database.

    Args:
        views: what is known of accounts.
        clock: tells the time, for accounts that expire.
    """

    def __init__(self, views: Views, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def mark(self, name: str) -> str | None:
        """Give an account's mark, another one after a new password or for another account.

        Raises:
            MetadataOutage: accounts cannot be read.
        """
        view = self._views.fresh() or await self._views.current()
        account = (await view.facts(name)).account
        if account is None:
            return None
        if not await is_active(view, account.name, account.kind, self._clock.now()):
            return None
        return _mark(account)


def _mark(account: Account) -> str:
    return f"{account.id}-{account.password_changed_at}"
