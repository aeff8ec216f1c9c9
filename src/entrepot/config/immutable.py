"""The section ``immutable``, Entrepot's own: tags that stay where they are."""

from dataclasses import dataclass

from entrepot.config.fields import Text
from entrepot.config.patterns import RepositoryPatterns, TagPatterns


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmutableRuleSettings:
    """One of ``immutable``: tags that are neither moved nor deleted.

    Args:
        repositories: where; those with ``!`` in front take away from the others.
        tags: which.
        exempt: robots, by name, for whom the rule does not hold.
    """

    repositories: RepositoryPatterns
    tags: TagPatterns = ("*",)
    exempt: tuple[Text, ...] = ()
