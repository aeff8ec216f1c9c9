"""Groups of users."""

from collections.abc import Iterable

from entrepot.errors import InvalidRequest, NameTaken, UnknownAccount
from entrepot.oci.excerpt import excerpt
from entrepot.ports.access import Caller, Kind
from entrepot.ports.accounts import AccessWriter, Accounts, Group
from entrepot.ports.clock import Clock
from entrepot.ports.events import Event, EventKind
from entrepot.services.access.accounts import recorded
from entrepot.services.access.names import MAX_NAME, check_description, check_name, is_name

_PAGE = 500


class Groups:
    """What administrators do with groups.

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
        name: str,
        members: Iterable[str] = (),
        *,
        description: str = "",
        external: bool = False,
    ) -> None:
        """Make a group.

        Args:
            caller: who does it.
            name: unique among groups.
            members: users.
            description: for people.
            external: members may be users whom another authenticator knows, a password file's.

        Raises:
            InvalidRequest: the name cannot be one.
            NameTaken: there is such a group.
            UnknownAccount: there is no such user.
        """
        check_name("a group", name)
        now = self._clock.now()
        group = Group(name=name, description=check_description(description), created_at=now)
        members = list(members)

        async def change(writer: AccessWriter) -> None:
            if not await writer.add_group(group):
                raise NameTaken(f"there is a group called {name} already")
            await _join(writer, name, members, now, external=external)

        event = self._event(caller, EventKind.GROUP_CREATED, name, members=" ".join(members))
        await recorded(self._accounts, change, event)

    async def join(
        self, caller: Caller, name: str, members: Iterable[str], *, external: bool = False
    ) -> None:
        """Add members to a group; those who are in it stay.

        Args:
            caller: who does it.
            name: of the group.
            members: users.
            external: members may be users whom another authenticator knows.

        Raises:
            UnknownAccount: there is no such group or user.
        """
        await self.get(name)
        now = self._clock.now()
        members = list(members)

        async def change(writer: AccessWriter) -> None:
            if await writer.group(name) is None:
                raise _unknown(name)
            await _join(writer, name, members, now, external=external)

        event = self._event(caller, EventKind.GROUP_CHANGED, name, joined=" ".join(members))
        await recorded(self._accounts, change, event)

    async def leave(self, caller: Caller, name: str, members: Iterable[str]) -> None:
        """Take members from a group.

        Args:
            caller: who does it.
            name: of the group.
            members: users.

        Raises:
            UnknownAccount: there is no such group, or somebody is not in it.
        """
        await self.get(name)
        members = list(members)

        async def change(writer: AccessWriter) -> None:
            for member in members:
                if not _can_be_member(member) or not await writer.leave_group(name, member):
                    raise UnknownAccount(f"{excerpt(member)} is not in group {name}")

        event = self._event(caller, EventKind.GROUP_CHANGED, name, left=" ".join(members))
        await recorded(self._accounts, change, event)

    async def get(self, name: str) -> Group:
        """Find a group.

        Raises:
            UnknownAccount: there is none of that name.
        """
        group = await self._accounts.group(check_name("a group", name))
        if group is None:
            raise _unknown(name)
        return group

    async def members(self, name: str) -> list[str]:
        """List all members of a group, by name.

        Raises:
            UnknownAccount: there is no such group.
        """
        await self.get(name)
        members: list[str] = []
        while page := await self._accounts.members(name, members[-1] if members else "", _PAGE):
            members += page
        return members

    async def list(self, after: str, limit: int) -> list[Group]:
        """List groups by name, from behind one."""
        return await self._accounts.groups(after, limit)

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove a group; its members stay users.

        Args:
            caller: who does it.
            name: of the group.

        Raises:
            UnknownAccount: there is no such group.
        """
        await self.get(name)

        async def change(writer: AccessWriter) -> None:
            if not await writer.remove_group(name):
                raise _unknown(name)

        await recorded(self._accounts, change, self._event(caller, EventKind.GROUP_DELETED, name))

    def _event(
        self, caller: Caller, kind: EventKind, name: str, **details: str | int | bool | None
    ) -> Event:
        return Event(kind, caller, self._clock.now(), reference=name, details=details)


async def _join(
    writer: AccessWriter, group: str, members: Iterable[str], now: int, *, external: bool
) -> None:
    for member in members:
        if external:
            if not _can_be_member(member):
                raise InvalidRequest(f"nobody can be called {excerpt(member)!r}")
        else:
            account = await writer.account(member) if is_name(member) else None
            if account is None or account.kind is not Kind.USER:
                raise UnknownAccount(f"there is no user {excerpt(member)!r}")
        await writer.join_group(group, member, now)


def _can_be_member(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and name.isprintable() and ":" not in name


def _unknown(name: str) -> UnknownAccount:
    return UnknownAccount(f"there is no group {name}")
