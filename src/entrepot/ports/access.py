"""Who asks, and what they may do. Asked at the top of each use case."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from entrepot.oci.name import RepositoryName


class Action(StrEnum):
    """What can be done with a repository."""

    PULL = "pull"
    PUSH = "push"
    DELETE = "delete"
    LIST = "list"
    ADMIN = "admin"


class Kind(StrEnum):
    """What sort of caller it is."""

    ANONYMOUS = "anonymous"
    USER = "user"
    ROBOT = "robot"
    SYSTEM = "system"
    """The registry itself, or whoever works on its database with a command."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions in the repositories that patterns match.

    Attributes:
        actions: what may be done.
        patterns: globs of repositories as rules have them; one that begins with ``!`` takes away.
    """

    actions: frozenset[Action]
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. Hashable, so that what was found out about a caller can be kept by it.

    Attributes:
        name: the account's name, users' and robots' in one space; empty for somebody unknown.
        kind: what sort of account it is.
        groups: those that only the authenticator knows of (a directory's, say).
        limits: rights are no wider than these; None where they are the account's own.
        delegated: an external token server has decided: the limits alone count, and no rule.
        scoped: the limits are what a short-lived token was asked for; a wider one may be had.
    """

    name: str = ""
    kind: Kind = Kind.ANONYMOUS
    groups: frozenset[str] = frozenset()
    limits: tuple[Grant, ...] | None = None
    delegated: bool = False
    scoped: bool = False
    # Asked for several times in each request, and long to work out where there are limits.
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out the hash, once."""
        parts = self.name, self.kind, self.groups, self.limits, self.delegated, self.scoped
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        """Give the hash, which is good within this process."""
        return self._hash


ANONYMOUS = Caller()
COLLECTOR = Caller("", Kind.SYSTEM)
"""Removes what nothing holds; stands in the history of tags as nobody's account."""
RETENTION = Caller("retention", Kind.SYSTEM)
"""Removes what the operator's rules do not keep."""
OPERATOR = Caller("operator", Kind.SYSTEM)
"""Whoever may open the database: may do everything."""
IMPORTER = Caller("import", Kind.SYSTEM)
"""Takes images from a directory or an archive, for an operator."""


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """A name and a secret: a password or a token.

    Attributes:
        username: as it was sent.
        secret: never logged, never in an error, never stored as it is.
        address: the client's, without a port.
    """

    username: str
    secret: str = field(repr=False)
    address: str = ""


@dataclass(frozen=True, slots=True)
class BearerCredentials:
    """A token by itself.

    Attributes:
        token: never logged, never in an error.
        address: the client's, without a port.
    """

    token: str = field(repr=False)
    address: str = ""


Credentials: TypeAlias = BasicCredentials | BearerCredentials


class Authenticator(Protocol):
    """Finds out who somebody is. Several can be asked in turn."""

    async def authenticate(self, credentials: Credentials) -> Caller:
        """Give the account that the credentials are of.

        An unknown name takes as long as a wrong secret, and both raise the same error.

        Raises:
            Unauthenticated: they are of nobody here, wrong, expired, or of a disabled account.
            TooManyGuesses: too many wrong ones came before.
            MetadataOutage: accounts cannot be read now.
        """
        ...


class Access(Protocol):
    """Decides what a caller may do."""

    async def require(self, caller: Caller, action: Action, name: RepositoryName) -> None:
        """Return when the caller may do it.

        Says the same for a repository that does not exist, and takes as long.

        Raises:
            Unauthenticated: nobody unknown may, somebody known perhaps may; or a token was not
                asked for this, and another one may be.
            Denied: this caller may not.
        """
        ...

    async def may(self, caller: Caller, action: Action, name: RepositoryName) -> bool:
        """Tell whether the caller may do it."""
        ...

    async def reach(self, caller: Caller, action: Action) -> frozenset[str] | None:
        """Give the first components of the names of all repositories where the caller may do it.

        Returns:
            Perhaps more than those, never less; None where it may be any.
        """
        ...


class OpenAccess:
    """Everybody may do everything: a registry without access control."""

    async def require(self, caller: Caller, action: Action, name: RepositoryName) -> None:
        """Return."""

    async def may(self, caller: Caller, action: Action, name: RepositoryName) -> bool:
        """Say yes."""
        return True

    async def reach(self, caller: Caller, action: Action) -> frozenset[str] | None:
        """Say that it may be any."""
        return None
