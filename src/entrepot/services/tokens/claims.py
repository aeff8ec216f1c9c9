"""What a token says: for whom, for what, until when."""

from collections.abc import Mapping
from typing import Any

from entrepot.errors import InvalidName, Unauthenticated
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Action, Grant

LEEWAY_SECONDS = 60
"""By how much other clocks may be wrong, as in Docker Registry."""

_ACTIONS = {
    # Who may pull may list the tags: no client asks for more than `pull` there.
    "pull": frozenset({Action.PULL}),
    "push": frozenset({Action.PUSH}),
    "delete": frozenset({Action.DELETE}),
    # Not the catalogue, which Docker Registry has a scope of its own for.
    "*": frozenset(Action) - {Action.LIST},
}
_LONGEST_NAME = 512
EVERYWHERE = ("**",)


def invalid_token(message: str) -> Unauthenticated:
    """Give the error for a token that cannot be accepted.

    Args:
        message: what is wrong with it; never the token.
    """
    return Unauthenticated(f"the token cannot be accepted: {message}", "invalid_token")


def check_claims(claims: Mapping[str, Any], issuer: str, service: str, now: float) -> float:
    """Check who made a token, for whom, and when.

    Args:
        claims: of the token, whose signature is good.
        issuer: who must have made it.
        service: for what it must have been made.
        now: seconds since 1970.

    Returns:
        When it ends, in seconds since 1970; leeway included.

    Raises:
        Unauthenticated: it was not made for this, or not for now.
    """
    if claims.get("iss") != issuer:
        raise invalid_token("it is from another issuer")
    audience = claims.get("aud")
    if audience != service and not (isinstance(audience, list) and service in audience):
        raise invalid_token("it is for another service")
    expires = _moment(claims, "exp")
    if expires is None:
        raise invalid_token("it does not expire")
    if now > expires + LEEWAY_SECONDS:
        raise invalid_token("it has expired")
    begins = _moment(claims, "nbf")
    if begins is not None and now < begins - LEEWAY_SECONDS:
        raise invalid_token("it is not valid yet")
    return expires + LEEWAY_SECONDS


def read_subject(claims: Mapping[str, Any]) -> str:
    """Give the account's name; empty for somebody unknown.

    Raises:
        Unauthenticated: it is no text of one line that can be written down.
    """
    subject = claims.get("sub", "")
    if not isinstance(subject, str) or len(subject) > _LONGEST_NAME or not subject.isprintable():
        raise invalid_token("its subject is not a valid name")
    return subject


def read_access(claims: Mapping[str, Any]) -> tuple[Grant, ...]:
    """Give what a token allows, each repository once.

    Actions and types of resources that nobody here knows are passed over, and names that no
    repository can have: a name is never a pattern.

    Raises:
        Unauthenticated: it is not written as tokens are.
    """
    entries = claims.get("access")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise invalid_token("its access is not a list")
    found: dict[tuple[str, ...], frozenset[Action]] = {}
    for entry in entries:
        for patterns, actions in _read_entry(entry):
            found[patterns] = found.get(patterns, frozenset()) | actions
    return tuple(Grant(actions, patterns) for patterns, actions in found.items())


def _read_entry(entry: object) -> list[tuple[tuple[str, ...], frozenset[Action]]]:
    if not isinstance(entry, dict):
        raise invalid_token("its access has something that is not an object")
    kind, name, actions = entry.get("type", ""), entry.get("name", ""), entry.get("actions") or []
    if not (
        isinstance(kind, str)
        and isinstance(name, str)
        and isinstance(actions, list)
        and all(isinstance(action, str) for action in actions)
    ):
        raise invalid_token("its access is not written as tokens are")
    if kind == "registry" and name == "catalog" and "*" in actions:
        return [(EVERYWHERE, frozenset({Action.LIST}))]
    # A class, as in `repository(plugin)`, makes no difference.
    if kind.partition("(")[0] != "repository":
        return []
    allowed = frozenset().union(*(_ACTIONS.get(action, frozenset()) for action in actions))
    try:
        repository = RepositoryName.parse(name)
    except InvalidName:
        return []
    return [((str(repository),), allowed)] if allowed else []


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        raise invalid_token(f"its {name} is not a time")
    return float(value)
