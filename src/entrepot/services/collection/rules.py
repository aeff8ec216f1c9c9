"""What may go, and after how long."""

from collections.abc import Callable
from dataclasses import dataclass

from entrepot.oci.name import RepositoryName
from entrepot.ports.clock import MICROSECONDS
from entrepot.services.promises import slack

Repositories = Callable[[RepositoryName], bool]
"""Tells whether a repository is meant."""


def no_repository(name: RepositoryName) -> bool:
    """Mean none."""
    del name
    return False


@dataclass(frozen=True, slots=True)
class CollectionRules:
    """What `gc` of the configuration says.

    Attributes:
        grace: seconds that everything is kept after it was confirmed, or last needed.
        untagged: whether manifests go that no tag, index or kept subject holds.
        untagged_after: seconds that those are kept, at least `grace`.
        mirrors: tells of which repositories no manifest goes for that reason: nodes pull from
            mirrors by digest, and what a mirror does not need is decided by its space.
    """

    grace: float
    untagged: bool = False
    untagged_after: float = 0.0
    mirrors: Repositories = no_repository

    @property
    def slack(self) -> int:
        """How old a promise may be before it is written down again, in microseconds."""
        return int(slack(self.grace) * MICROSECONDS)

    def due(self, now: int) -> int:
        """Give the latest begin of a grace that is over."""
        return now - int(self.grace * MICROSECONDS) - self.slack

    def untagged_due(self, now: int) -> int:
        """The same for manifests that nothing holds."""
        return min(self.due(now), now - int(self.untagged_after * MICROSECONDS))
