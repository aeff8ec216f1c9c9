"""Rights: by rules, where what nothing allows is denied; and where there are no rules."""

from entrepot.errors import Denied, Unauthenticated
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import ANONYMOUS, Action, Caller, Kind
from entrepot.ports.clock import Clock
from entrepot.services.access.reach import reach
from entrepot.services.access.rights import by_limits, decide, limit
from entrepot.services.access.rules import grants_allow
from entrepot.services.access.view import Decision, Views

_INSUFFICIENT = "insufficient_scope"


class RuleAccess:
    """Implements `Access`.

    A decision is found once, and looked up until accounts, groups or rules change. It is kept for
    the account, not for each token of it: limits are looked at each time.

    Args:
        views: what is known of them.
        clock: tells the time, for accounts that expire.
    """

    def __init__(self, views: Views, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def require(self, caller: Caller, action: Action, name: RepositoryName) -> None:
        """Return when the caller may do it.

        Raises:
            Unauthenticated: somebody known might, or another token of this caller.
            Denied: this caller may not.
            MetadataOutage: the rules cannot be read.
        """
        decision = await self.decide(caller, action, name)
        if decision.allowed:
            return
        if caller.delegated or (caller.scoped and decision.limited):
            raise Unauthenticated("the token's limits do not allow this", _INSUFFICIENT)
        if caller.kind is Kind.ANONYMOUS:
            raise Unauthenticated
        raise Denied(
            f"{caller.name} may not {action} in {name}", {"action": str(action), "name": name}
        )

    async def may(self, caller: Caller, action: Action, name: RepositoryName) -> bool:
        """Tell whether the caller may do it.

        Raises:
            MetadataOutage: the rules cannot be read.
        """
        return (await self.decide(caller, action, name)).allowed

    async def reach(self, caller: Caller, action: Action) -> frozenset[str] | None:
        """Give the first components of all names in which the caller may do it; None for any.

        Raises:
            MetadataOutage: the rules cannot be read.
        """
        return await reach(await self._views.current(), caller, action)

    async def decide(self, caller: Caller, action: Action, name: RepositoryName) -> Decision:
        """Tell whether the caller may do it, and what decided.

        Raises:
            MetadataOutage: the rules cannot be read.
        """
        if caller.delegated:
            return by_limits(caller, action, name, "the grants of an external token server")
        view = await self._views.current()
        key = (caller.name, caller.kind, caller.groups, action, name)
        decision = view.decisions.get(key)
        if decision is None:
            decision = await decide(view, self._clock, caller, action, name)
            # Lists of repositories ask for each name once: they would push out all the others.
            if action is not Action.LIST:
                view.decisions.keep(key, decision)
        return limit(decision, caller, action, name)


class KnownCallers:
    """Implements `Access`: every known caller may do everything that its token, if any, allows."""

    async def require(self, caller: Caller, action: Action, name: RepositoryName) -> None:
        """Return when the caller may do it.

        Raises:
            Unauthenticated: nobody knows the caller, or the token does not reach as far.
        """
        if _may(caller, action, name):
            return
        problem = "" if caller.limits is None else "insufficient_scope"
        raise Unauthenticated("authentication is required", problem)

    async def may(self, caller: Caller, action: Action, name: RepositoryName) -> bool:
        """Tell whether the caller may do it."""
        return _may(caller, action, name)

    async def reach(self, caller: Caller, action: Action) -> frozenset[str] | None:
        """Give the first components of all names in which the caller may do it; None for any."""
        return frozenset() if caller == ANONYMOUS else None


def _may(caller: Caller, action: Action, name: RepositoryName) -> bool:
    if caller.limits is not None:
        return grants_allow(caller.limits, action, name, caller.name)
    return caller.kind is not Kind.ANONYMOUS
