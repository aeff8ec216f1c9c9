"""What clients ask tokens for: `repository:team/app:pull,push` (Docker's token scope grammar)."""

from collections.abc import Iterable
from dataclasses import dataclass

from entrepot.errors import InvalidName
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Action

MOST_SCOPES = 200
"""Resources that one token may be asked for; those beyond are passed over."""

_MOST_WORDS = 400

_GRANTABLE = {"pull": Action.PULL, "push": Action.PUSH, "delete": Action.DELETE}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked of one resource.

    Attributes:
        repository: its name; None for the catalogue.
        actions: pull, push and delete; `*` asks for all of them.
    """

    repository: RepositoryName | None
    actions: tuple[Action, ...]

    def __str__(self) -> str:
        if self.repository is None:
            return "registry:catalog:*"
        return f"repository:{self.repository}:{','.join(self.actions)}"


def parse_scopes(texts: Iterable[str]) -> tuple[Scope, ...]:
    """Read what a client asks for, each resource once, in the order in which it was named.

    What nobody here knows is passed over, as are malformed parts: a client gets a token without
    them, and is refused where it needs them.

    Args:
        texts: each has one scope, or several with blanks between them.
    """
    asked: dict[RepositoryName | None, dict[Action, None]] = {}
    for text in texts:
        # What is behind these takes no work, wherever it would lead.
        for word in text.split(maxsplit=_MOST_WORDS)[:_MOST_WORDS]:
            parsed = _parse(word)
            if parsed is None:
                continue
            resource, actions = parsed
            if resource in asked or len(asked) < MOST_SCOPES:
                asked.setdefault(resource, {}).update(dict.fromkeys(actions))
    return tuple(Scope(resource, tuple(actions)) for resource, actions in asked.items())


def _parse(word: str) -> tuple[RepositoryName | None, list[Action]] | None:
    kind, first, rest = word.partition(":")
    # A name may have a colon of its own, before a port.
    name, last, listed = rest.rpartition(":")
    if not first or not last:
        return None
    actions = [action for action in listed.split(",") if action]
    if kind == "registry" and name == "catalog" and "*" in actions:
        return None, [Action.LIST]
    # A class, as in `repository(plugin)`, makes no difference.
    if kind.partition("(")[0] != "repository":
        return None
    if "*" in actions:
        wanted = list(_GRANTABLE.values())
    else:
        wanted = [_GRANTABLE[action] for action in actions if action in _GRANTABLE]
    try:
        return RepositoryName.parse(name), wanted
    except InvalidName:
        return None
