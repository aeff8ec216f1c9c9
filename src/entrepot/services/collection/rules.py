"""What may go, and after how long."""

from dataclasses import dataclass

from entrepot.ports.clock import MICROSECONDS
from entrepot.services.promises import slack


@dataclass(frozen=True, slots=True)
class CollectionRules:
    """What `gc` of the configuration says.

    Attributes:
        grace: seconds that everything is kept after it was confirmed, or last needed.
        untagged: whether manifests go that no tag, index or kept subject holds.
        untagged_after: seconds that those are kept, at least `grace`.
    """

    grace: float
    untagged: bool = False
    untagged_after: float = 0.0

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
