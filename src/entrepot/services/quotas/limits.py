"""Which limits hold for a repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlobs

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may lie somewhere; None is no limit.

    Attributes:
        bytes: of blobs, each once, and manifests.
        tags: how many.
        repositories: how many that have a manifest.
    """

    bytes: int | None = None
    tags: int | None = None
    repositories: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class LimitsAround:
    """The limits of a repository, of its namespace and of the registry."""

    repository: Limits = NO_LIMITS
    namespace: Limits = NO_LIMITS
    registry: Limits = NO_LIMITS

    @property
    def none(self) -> bool:
        """Whether nothing is limited."""
        return self.repository == self.namespace == self.registry == NO_LIMITS


@dataclass(frozen=True, slots=True)
class Rule:
    """Limits for what patterns match."""

    match: RepositoryGlobs
    limits: Limits


class QuotaRules:
    """Finds the limits that hold for a repository: of each list, the first rule that matches.

    Args:
        registry: the limits of the registry.
        namespaces: those of namespaces, each by itself.
        repositories: those of repositories, each by itself.
    """

    def __init__(
        self, registry: Limits, namespaces: Sequence[Rule], repositories: Sequence[Rule]
    ) -> None:
        self._registry = registry
        self._namespaces = tuple(namespaces)
        self._repositories = tuple(repositories)
        # Names of strangers come and go; patterns are cheap, but a push asks several times.
        self.around = lru_cache(_REMEMBERED)(self._around)

    @property
    def any(self) -> bool:
        """Whether anything is limited anywhere."""
        rules = (*self._namespaces, *self._repositories)
        return self._registry != NO_LIMITS or any(rule.limits != NO_LIMITS for rule in rules)

    def _around(self, name: RepositoryName) -> LimitsAround:
        return LimitsAround(
            _first(self._repositories, name),
            _first(self._namespaces, name.partition("/")[0]),
            self._registry,
        )


def _first(rules: Sequence[Rule], name: str) -> Limits:
    return next((rule.limits for rule in rules if rule.match.matches(name)), NO_LIMITS)
