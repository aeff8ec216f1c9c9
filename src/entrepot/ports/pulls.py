"""When manifests were last pulled, and who knows of pulls that are not written yet."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName


class PullTimes(Protocol):
    """Keeps, for each manifest of a repository, when it was last pulled."""

    async def note(self, pulled: Collection[tuple[RepositoryName, Digest]], now: int) -> None:
        """Write down that manifests were pulled; those that are gone are passed over.

        Args:
            pulled: each once; written in one transaction.
            now: microseconds since 1970, UTC; an earlier time than the one kept changes nothing.

        Raises:
            MetadataOutage: the database failed; nothing was written.
        """
        ...


@dataclass(frozen=True, slots=True)
class Gatherer:
    """How a worker that gathers pulls stands.

    Attributes:
        asked: how often it was asked to write them.
        answered: after which of these times it has written everything that it had.
        alive_until: when it counts as dead; microseconds since 1970, UTC.
    """

    asked: int
    answered: int
    alive_until: int


class PullGatherers(Protocol):
    """The workers that gather pulls, which can be asked to write what they have.

    They are asked by counting, not by time: no clock of theirs has to agree with another one.
    Everything raises MetadataOutage when the database fails. Times are microseconds since 1970.
    """

    async def join(self, name: str, until: int) -> None:
        """Become one of them, in the place of a dead one of that name.

        Args:
            name: NODE/WORKER.
            until: counts as dead then, unless it says otherwise.
        """
        ...

    async def look(self, name: str) -> Gatherer | None:
        """Tell how one of them stands; None when it is none."""
        ...

    async def answer(self, name: str, asked: int, until: int) -> None:
        """Say that everything is written that was gathered before it was asked so often."""
        ...

    async def leave(self, prefix: str) -> None:
        """Forget those whose names begin so: they have ended."""
        ...

    async def ask(self) -> None:
        """Ask all of them."""
        ...

    async def owing(self) -> dict[str, int]:
        """Give those that have not answered yet, with when each counts as dead."""
        ...
