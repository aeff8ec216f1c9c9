"""Making, changing and removing robots: accounts of programs, which log in with tokens."""

from collections.abc import Sequence

from entrepot.errors import NameTaken, UnknownAccount
from entrepot.ports.access import Caller, Grant, Kind
from entrepot.ports.accounts import AccessWriter, Accounts, NewAccount
from entrepot.ports.clock import Clock
from entrepot.ports.events import EventKind
from entrepot.services.access.accounts import AccountsOfKind, recorded
from entrepot.services.access.names import check_description, check_name, is_name
from entrepot.services.access.token_text import TokenText
from entrepot.services.access.tokens import check_grants, new_token, spell_grants

FIRST_TOKEN = "default"  # noqa: S105 (a name)


class Robots(AccountsOfKind):
    """What administrators do with robots.

    Args:
        accounts: where they are kept.
        clock: tells the time.
    """

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        super().__init__(accounts, Kind.ROBOT, clock)

    async def add(
        self,
        caller: Caller,
        name: str,
        *,
        owner: str | None = None,
        grants: Sequence[Grant] | None = None,
        description: str = "",
        expires_at: int | None = None,
    ) -> TokenText:
        """Make a robot with a first token; this is the only time that its text is known.

        Args:
            caller: who does it.
            name: unique among users and robots.
            owner: a user whose rights bound the robot's, at each use.
            grants: all that the robot may do; None leaves it to the rules.
            description: for people.
            expires_at: cannot log in from then on.

        Raises:
            InvalidRequest: the name or the grants cannot be used.
            UnknownAccount: there is no such owner.
            NameTaken: a user or a robot has the name.
        """
        check_name("a robot", name)
        check_grants(grants)
        now = self._clock.now()
        text = TokenText.make(Kind.ROBOT)
        account = NewAccount(
            name=name,
            kind=Kind.ROBOT,
            created_at=now,
            description=check_description(description),
            expires_at=expires_at,
            owner=owner,
            grants=None if grants is None else tuple(grants),
        )

        async def change(writer: AccessWriter) -> None:
            if owner is not None:
                found = await writer.account(owner) if is_name(owner) else None
                if found is None or found.kind is not Kind.USER:
                    raise UnknownAccount(f"there is no user {owner!r} to own the robot")
            if not await writer.add_account(account):
                raise NameTaken(f"there is a user or a robot called {name} already")
            await writer.add_token(new_token(name, FIRST_TOKEN, text, now, None, None))

        event = self._event(
            caller,
            EventKind.ACCOUNT_CREATED,
            name,
            owner=owner,
            grants=spell_grants(grants),
            expires_at=expires_at,
        )
        await recorded(self._accounts, change, event)
        return text

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove a robot, with its tokens.

        Args:
            caller: who does it.
            name: the robot's.

        Raises:
            UnknownAccount: there is no such robot.
        """
        await self.get(name)

        async def change(writer: AccessWriter) -> None:
            if not await writer.remove_account(name):
                raise self._unknown(name)

        await recorded(self._accounts, change, self._event(caller, EventKind.ACCOUNT_DELETED, name))
