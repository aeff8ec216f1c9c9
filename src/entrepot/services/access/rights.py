"""What one caller may do, by rights of the account's own, by rules, and by the limits of tokens.

Everything here allows only what each of these allows, in this order:

1. an external token server decided: what its token grants, and nothing is asked further;
2. whatever anonymous callers may do, everybody may;
3. the account is there, enabled, and not expired;
4. the token that was used allows it, if it has limits;
5. an administrator may do everything; a user what rules allow; a robot what its grants allow, or
   rules where it has none;
6. a robot's owner may do it, too, at this moment.
"""

from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Action, Caller, Kind
from entrepot.ports.accounts import Account
from entrepot.ports.clock import Clock
from entrepot.services.access.rules import ANONYMOUS_SUBJECT, Rule, grants_allow, subjects_of
from entrepot.services.access.view import Decision, View

_NO_RULE = "no rule allows it"


async def decide(
    view: View, clock: Clock, caller: Caller, action: Action, name: RepositoryName
) -> Decision:
    """Decide whether a caller may do something, whatever the limits of a token are.

    Args:
        view: what is known.
        clock: tells the time.
        caller: who asks.
        action: what is to be done.
        name: in which repository.
    """
    rule = view.rules.find((ANONYMOUS_SUBJECT,), action, name, "")
    if rule is not None:
        return Decision(True, rule.origin, public=True)
    if caller.kind is Kind.ANONYMOUS:
        return Decision(False, _NO_RULE)
    return await _by_account(view, clock, caller, action, name)


def limit(decision: Decision, caller: Caller, action: Action, name: RepositoryName) -> Decision:
    """Cut a decision down to what the token allows with which the caller came."""
    if caller.limits is None or decision.public or not decision.allowed:
        return decision
    limited = by_limits(caller, action, name, "the limits of the token")
    return decision if limited.allowed else limited


def by_limits(caller: Caller, action: Action, name: RepositoryName, what: str) -> Decision:
    """Decide by the limits alone; `what` they are, for whoever asks what decided."""
    allowed = grants_allow(caller.limits or (), action, name, caller.name)
    return Decision(
        allowed, f"{what} {'allow' if allowed else 'do not allow'} it", limited=not allowed
    )


async def _by_account(
    view: View, clock: Clock, caller: Caller, action: Action, name: RepositoryName
) -> Decision:
    known = await view.known(caller.name)
    account = known.account
    if account is None and caller.kind is Kind.ROBOT:
        return Decision(False, f"there is no robot {caller.name}")
    if account is not None:
        refusal = _standing(account, caller.kind, clock.now())
        if refusal:
            return Decision(False, refusal)
        if account.admin:
            return Decision(True, f"{caller.name} is an administrator")
        if account.grants is not None:
            return await _by_grants(view, clock, account, action, name)
    rule = view.rules.find(subjects_of(caller, known.groups), action, name, caller.name)
    decision = Decision(False, _NO_RULE) if rule is None else _by(rule)
    if account is not None and decision.allowed:
        return await _bounded_by_owner(view, clock, account, action, name, decision)
    return decision


async def _by_grants(
    view: View, clock: Clock, robot: Account, action: Action, name: RepositoryName
) -> Decision:
    if not grants_allow(robot.grants or (), action, name, robot.name):
        return Decision(False, f"no grant of robot {robot.name} allows it")
    decision = Decision(True, f"a grant of robot {robot.name}")
    return await _bounded_by_owner(view, clock, robot, action, name, decision)


async def _bounded_by_owner(
    view: View,
    clock: Clock,
    account: Account,
    action: Action,
    name: RepositoryName,
    decision: Decision,
) -> Decision:
    if account.owner is None:
        return decision
    owner = Caller(account.owner, Kind.USER)
    bound = await _by_account(view, clock, owner, action, name)
    if bound.allowed:
        return Decision(True, f"{decision.reason}, and for its owner {owner.name}: {bound.reason}")
    return Decision(False, f"its owner {owner.name} may not: {bound.reason}")


def _standing(account: Account, kind: Kind, now: int) -> str:
    """Say why an account may do nothing; nothing where it may do something."""
    if account.kind is not kind:
        return f"{account.name} is a {account.kind}, not a {kind}"
    if account.disabled:
        return f"{account.name} is disabled"
    if not account.is_active(now):
        return f"{account.name} has expired"
    return ""


def _by(rule: Rule) -> Decision:
    return Decision(True, rule.origin)
