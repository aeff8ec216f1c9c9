"""What is said where a quota is reached: what it is, what is used, what was wanted."""

from dataclasses import dataclass

from entrepot.config.sizes import describe_size
from entrepot.errors import QuotaExceeded
from entrepot.oci.name import RepositoryName
from entrepot.ports.usage import Used, UsedAround
from entrepot.services.quotas.limits import Limits, LimitsAround

_BYTES, _TAGS, _REPOSITORIES = "bytes", "tags", "repositories"
_SCOPES = ("repository", "namespace", "registry")


@dataclass(frozen=True, slots=True)
class Excess:
    """A quota that is reached.

    Attributes:
        scope: `repository`, `namespace` or `registry`.
        counter: `bytes`, `tags` or `repositories`.
        used: how much there is.
        limit: the most there may be.
        wanted: how much more was to come; None where nobody knows yet.
        arriving: bytes that other uploads are bringing.
    """

    scope: str
    counter: str
    used: int
    limit: int
    wanted: int | None
    arriving: int = 0

    def error(self, name: RepositoryName) -> QuotaExceeded:
        """Say it.

        Args:
            name: of the repository that was pushed to.
        """
        place = {
            "repository": f"repository {name}",
            "namespace": f"namespace {name.partition('/')[0]}",
            "registry": "this registry",
        }[self.scope]
        arriving = f", {self._say(self.arriving)} are arriving" if self.arriving else ""
        more = "more" if self.wanted is None else f"{self._say(self.wanted)} more"
        return QuotaExceeded(
            f"the quota of {place} is {self._named(self.limit)}: {self._say(self.used)} used"
            f"{arriving}, {more} wanted; {self._advice()}, or ask for a higher quota",
            {
                "scope": self.scope,
                "quota": self.counter,
                "limit": self.limit,
                "used": self.used,
                "arriving": self.arriving,
                "wanted": self.wanted,
            },
        )

    def _say(self, amount: int) -> str:
        return describe_size(amount) if self.counter == _BYTES else str(amount)

    def _named(self, amount: int) -> str:
        if self.counter == _BYTES:
            return describe_size(amount)
        one = {_TAGS: "tag", _REPOSITORIES: "repository"}[self.counter]
        return f"{amount} {one if amount == 1 else self.counter}"

    def _advice(self) -> str:
        if self.counter == _BYTES:
            return "delete images that are not needed"
        return f"delete {self.counter} that are not needed"


def find_growth(limits: LimitsAround, before: UsedAround, after: UsedAround) -> Excess | None:
    """Find a quota that a change has left further behind; None where it may stay.

    What is over already may stay as it is, and may shrink.

    Args:
        limits: that hold.
        before: what was used before the change.
        after: what is used with it.
    """
    for scope in _SCOPES:
        limit, old, new = (getattr(around, scope) for around in (limits, before, after))
        for counter in (_BYTES, _TAGS, _REPOSITORIES):
            excess = _growth(scope, counter, limit, old, new)
            if excess is not None:
                return excess
    return None


def _growth(scope: str, counter: str, limits: Limits, old: Used, new: Used) -> Excess | None:
    limit: int | None = getattr(limits, counter)
    before: int = getattr(old, counter)
    after: int = getattr(new, counter)
    if limit is None or after <= limit or after <= before:
        return None
    return Excess(scope, counter, before, limit, after - before)
