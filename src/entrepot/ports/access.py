"""Who asks, and what they may do. Asked at the top of each use case."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from entrepot.oci.name import RepositoryName


class Action(StrEnum):
    """What can be done with a repository."""

    PULL = "pull"
    PUSH = "push"
    DELETE = "delete"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        name: the account's name; empty for somebody unknown.
    """

    name: str = ""


ANONYMOUS = Caller()


class Access(Protocol):
    """Decides what a caller may do."""

    async def require(self, caller: Caller, action: Action, name: RepositoryName) -> None:
        """Return when the caller may do it.

        Raises:
            Denied: the caller may not.
        """
        ...

    async def may(self, caller: Caller, action: Action, name: RepositoryName) -> bool:
        """Tell whether the caller may do it."""
        ...


class OpenAccess:
    """Everybody may do everything: a registry without access control."""

    async def require(self, caller: Caller, action: Action, name: RepositoryName) -> None:
        """Return."""

    async def may(self, caller: Caller, action: Action, name: RepositoryName) -> bool:
        """Say yes."""
        return True
