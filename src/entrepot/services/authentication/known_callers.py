"""Rights where there are no rules: whoever is known may do everything, as with Docker Registry."""

from entrepot.errors import Unauthenticated
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import ANONYMOUS, Action, Caller, Kind
from entrepot.services.access.rules import grants_allow


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
