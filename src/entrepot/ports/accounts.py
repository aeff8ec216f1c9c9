"""Accounts: users, robots, their tokens, groups and rules, as the database keeps them.

Names have been checked by the services before they come here. Lists are pages in byte order that
begin behind a name. Times are microseconds since 1970, UTC. Everything raises MetadataOutage when
the database fails.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from entrepot.ports.access import Action, Grant, Kind
from entrepot.ports.events import Event

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user or a robot.

    Attributes:
        id: never given to another account, not even to one that takes the name later.
        name: unique among users and robots.
        kind: user or robot.
        description: for people.
        password_hash: argon2id with its parameters; None where no password is good.
        password_changed_at: what was trusted before that must not be trusted since.
        admin: may do everything.
        disabled: cannot log in.
        expires_at: cannot log in from then on; None for never.
        owner: the user whose rights bound this robot's; None for users and other robots.
        grants: all that a robot may do; None leaves it to the rules.
        created_at: when it was made.
        last_used_at: about when it last logged in; None for never.
        last_used_from: the address of that.
    """

    id: int
    name: str
    kind: Kind
    description: str = ""
    password_hash: str | None = field(default=None, repr=False)
    password_changed_at: int = 0
    admin: bool = False
    disabled: bool = False
    expires_at: int | None = None
    owner: str | None = None
    grants: tuple[Grant, ...] | None = None
    created_at: int = 0
    last_used_at: int | None = None
    last_used_from: str | None = None

    def is_active(self, now: int) -> bool:
        """Tell whether it may log in at a moment."""
        return not self.disabled and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be made; the attributes are those of `Account`."""

    name: str
    kind: Kind
    created_at: int
    description: str = ""
    password_hash: str | None = field(default=None, repr=False)
    admin: bool = False
    expires_at: int | None = None
    owner: str | None = None
    grants: tuple[Grant, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A personal access token or a robot's; its secret is known to its holder alone.

    Attributes:
        id: of its row.
        public_id: the part of the token by which it is found.
        account: the name of the account that it logs in.
        kind: of that account.
        name: unique among the account's tokens.
        secret_hash: SHA-256 of the token.
        old_secret_hash: of the token before the last rotation.
        old_until: until when that one is good.
        limits: rights are no wider than these; None: as the account's.
        expires_at: no longer valid from then on; None for never.
        created_at: when it was made.
        rotated_at: when its secret was last replaced.
        last_used_at: about when it was last used; None for never.
        last_used_from: the address of that.
    """

    id: int
    public_id: str
    account: str
    kind: Kind
    name: str
    secret_hash: bytes = field(repr=False)
    old_secret_hash: bytes | None = field(default=None, repr=False)
    old_until: int | None = None
    limits: tuple[Grant, ...] | None = None
    expires_at: int | None = None
    created_at: int = 0
    rotated_at: int | None = None
    last_used_at: int | None = None
    last_used_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token to be made; the attributes are those of `StoredToken`."""

    public_id: str
    account: str
    name: str
    secret_hash: bytes = field(repr=False)
    created_at: int
    limits: tuple[Grant, ...] | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of users."""

    name: str
    description: str = ""
    created_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRule:
    """A rule: some callers may do some things in some repositories.

    Attributes:
        name: unique.
        who: `user:NAME`, `group:NAME`, `robot:NAME`, `authenticated`, `anonymous`.
        may: what they may do.
        repositories: patterns; one that begins with `!` takes away.
        description: for people.
        created_at: when it was made.
    """

    name: str
    who: tuple[str, ...]
    may: tuple[Action, ...]
    repositories: tuple[str, ...]
    description: str = ""
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class LastUse:
    """That somebody logged in.

    Attributes:
        account: the account's id.
        token: the token's id; None where it was a password.
        at: when.
        address: from where.
    """

    account: int
    token: int | None
    at: int
    address: str


@dataclass(frozen=True, slots=True)
class Generation:
    """How often something was changed.

    Attributes:
        number: changes of anything.
        rules: changes of rules alone.
    """

    number: int
    rules: int


class AccountReader(Protocol):
    """Finds accounts and tokens."""

    async def account(self, name: str) -> Account | None:
        """Find an account by its name."""
        ...

    async def accounts(self, kind: Kind, after: str, limit: int) -> list[Account]:
        """List users, or robots, by name."""
        ...

    async def has_users(self) -> bool:
        """Tell whether there is any user."""
        ...

    async def robots_of(self, owner: str, after: str, limit: int) -> list[str]:
        """List the names of the robots that a user owns."""
        ...

    async def token(self, public_id: str) -> StoredToken | None:
        """Find a token by its public part."""
        ...

    async def tokens(self, account: str, after: str, limit: int) -> list[StoredToken]:
        """List an account's tokens by name."""
        ...


class GroupReader(Protocol):
    """Finds groups."""

    async def group(self, name: str) -> Group | None:
        """Find a group by its name."""
        ...

    async def groups(self, after: str, limit: int) -> list[Group]:
        """List groups by name."""
        ...

    async def members(self, group: str, after: str, limit: int) -> list[str]:
        """List the members of a group by name."""
        ...

    async def groups_of(self, member: str) -> list[str]:
        """Name every group that has a member."""
        ...


class RuleReader(Protocol):
    """Finds rules."""

    async def rule(self, name: str) -> StoredRule | None:
        """Find a rule by its name."""
        ...

    async def rules(self, after: str, limit: int) -> list[StoredRule]:
        """List rules by name."""
        ...

    async def generation(self) -> Generation:
        """Give the numbers that changes of accounts, tokens, groups and rules raise.

        What was read after a number was, is as good as new while the number stays.
        """
        ...


class AccountWriter(Protocol):
    """Changes accounts and tokens, as one step."""

    async def account(self, name: str) -> Account | None:
        """Find an account by its name."""
        ...

    async def has_users(self) -> bool:
        """Tell whether there is any user."""
        ...

    async def add_account(self, account: NewAccount) -> bool:
        """Make an account; False when the name is taken. Its owner must exist."""
        ...

    async def set_password(self, name: str, password_hash: str, now: int) -> bool:
        """Replace a user's password; False when there is no such user."""
        ...

    async def set_disabled(self, name: str, disabled: bool) -> bool:
        """Disable or enable an account; False when there is none."""
        ...

    async def set_expiry(self, name: str, expires_at: int | None) -> bool:
        """Let an account expire at a moment, or never; False when there is none."""
        ...

    async def remove_account(self, name: str) -> bool:
        """Remove an account with its tokens and memberships; False when there is none.

        It must own no robot.
        """
        ...

    async def robots_of(self, owner: str, after: str, limit: int) -> list[str]:
        """List the names of the robots that a user owns."""
        ...

    async def add_token(self, token: NewToken) -> bool:
        """Make a token; False when the account has one of that name. The account must exist."""
        ...

    async def rotate_token(
        self, account: str, name: str, secret_hash: bytes, old_until: int, now: int
    ) -> bool:
        """Replace a token's secret, and let the one that it had be good until a moment.

        The one before that is no longer valid. False when there is no such token.
        """
        ...

    async def remove_token(self, account: str, name: str) -> bool:
        """Remove a token; False when there is none."""
        ...

    async def note_uses(self, uses: Iterable[LastUse]) -> None:
        """Write down when and from where accounts and tokens were last used."""
        ...


class GroupWriter(Protocol):
    """Changes groups."""

    async def add_group(self, group: Group) -> bool:
        """Make a group; False when the name is taken."""
        ...

    async def remove_group(self, name: str) -> bool:
        """Remove a group; False when there is none."""
        ...

    async def join_group(self, group: str, member: str, now: int) -> bool:
        """Add a member; False when it was one already. The group must exist."""
        ...

    async def leave_group(self, group: str, member: str) -> bool:
        """Take a member away; False when it was none."""
        ...

    async def group(self, name: str) -> Group | None:
        """Find a group by its name."""
        ...


class RuleWriter(Protocol):
    """Changes rules."""

    async def add_rule(self, rule: StoredRule) -> bool:
        """Make a rule; False when the name is taken."""
        ...

    async def remove_rule(self, name: str) -> bool:
        """Remove a rule; False when there is none."""
        ...


class AccessWriter(AccountWriter, GroupWriter, RuleWriter, Protocol):
    """Everything that can be changed, seen as one step by everybody else."""

    async def record(self, event: Event) -> None:
        """Write down what has happened, as a part of the change (ports/events.py)."""
        ...


class Accounts(AccountReader, GroupReader, RuleReader, Protocol):
    """Reading and changing."""

    async def change(self, change: Callable[[AccessWriter], Awaitable[Result]]) -> Result:
        """Run a function in a transaction; when this returns, its work is durable.

        Args:
            change: does the work; may be run more than once, and must touch nothing else.
        """
        ...
