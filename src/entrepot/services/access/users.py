"""Creates, changes and removes users, and creates the first administrator."""

from entrepot.errors import InvalidRequest, NameTaken
from entrepot.ports.access import OPERATOR, Caller, Kind
from entrepot.ports.accounts import AccessWriter, Account, Accounts, NewAccount
from entrepot.ports.clock import Clock
from entrepot.ports.events import EventKind
from entrepot.services.access.accounts import AccountsOfKind, recorded
from entrepot.services.access.names import check_description, check_name
from entrepot.services.access.passwords import Passwords, check_password, random_password

FIRST_ADMINISTRATOR = "admin"

_SHOWN = 5


class Users(AccountsOfKind):
    """What administrators do with users.

    Args:
        accounts: where they are kept.
        passwords: hashes theirs.
        clock: tells the time.
    """

    def __init__(self, accounts: Accounts, passwords: Passwords, clock: Clock) -> None:
        super().__init__(accounts, Kind.USER, clock)
        self._passwords = passwords

    async def add(
        self,
        caller: Caller,
        name: str,
        password: str | None,
        *,
        admin: bool = False,
        description: str = "",
        expires_at: int | None = None,
    ) -> Account:
        """Create a user.

        Args:
            caller: who does it.
            name: unique among users and robots.
            password: None for a user who logs in with tokens only.
            admin: may do everything.
            description: for people.
            expires_at: cannot log in from then on.

        Raises:
            InvalidRequest: the name, the password or the description is not valid.
            NameTaken: a user or a robot has the name.
        """
        check_name("a user", name)
        password_hash = None
        if password is not None:
            password_hash = await self._passwords.hash(check_password(name, password))
        account = NewAccount(
            name=name,
            kind=Kind.USER,
            created_at=self._clock.now(),
            description=check_description(description),
            password_hash=password_hash,
            admin=admin,
            expires_at=expires_at,
        )

        async def change(writer: AccessWriter) -> None:
            if not await writer.add_account(account):
                raise NameTaken(f"there is a user or a robot called {name} already")

        event = self._event(
            caller, EventKind.ACCOUNT_CREATED, name, admin=admin, expires_at=expires_at
        )
        await recorded(self._accounts, change, event)
        return await self.get(name)

    async def add_first(self) -> tuple[str, str] | None:
        """Create an administrator with a random password if there are no users yet.

        Returns:
            The name and the password; None if there is already a user.
        """
        if await self._accounts.has_users():
            return None
        password = random_password()
        account = NewAccount(
            name=FIRST_ADMINISTRATOR,
            kind=Kind.USER,
            created_at=self._clock.now(),
            description="created at the first start",
            password_hash=await self._passwords.hash(password),
            admin=True,
        )

        async def change(writer: AccessWriter) -> bool:
            return not await writer.has_users() and await writer.add_account(account)

        event = self._event(OPERATOR, EventKind.ACCOUNT_CREATED, account.name, admin=True)
        made = await recorded(self._accounts, change, event)
        return (account.name, password) if made else None

    async def reset(self, caller: Caller, name: str, password: str) -> None:
        """Set a user's new password; the old one is no longer valid.

        Args:
            caller: who does it.
            name: the user's.
            password: the new one.

        Raises:
            UnknownAccount: there is no such user.
            InvalidRequest: the password is not acceptable.
        """
        await self.get(name)
        password_hash = await self._passwords.hash(check_password(name, password))
        now = self._clock.now()

        async def change(writer: AccessWriter) -> None:
            if not await writer.set_password(name, password_hash, now):
                raise self._unknown(name)

        event = self._event(caller, EventKind.ACCOUNT_CHANGED, name, password=True)
        await recorded(self._accounts, change, event)

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove a user, with tokens and memberships.

        Args:
            caller: who does it.
            name: the user's.

        Raises:
            UnknownAccount: there is no such user.
            InvalidRequest: the user owns robots.
        """
        await self.get(name)

        async def change(writer: AccessWriter) -> None:
            robots = await writer.robots_of(name, "", _SHOWN)
            if robots:
                raise InvalidRequest(
                    f"{name} owns robots, which nobody would be responsible for: "
                    f"remove {', '.join(robots)} first"
                )
            if not await writer.remove_account(name):
                raise self._unknown(name)

        await recorded(self._accounts, change, self._event(caller, EventKind.ACCOUNT_DELETED, name))
