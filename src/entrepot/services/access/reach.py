"""With which components the names begin of all repositories that somebody may see.

A list of repositories asks for each whether the caller may see it. Of a hundred thousand it need
not: below components that no rule of the caller's begins with, there is nothing to ask for.
"""

from collections.abc import Iterable

from entrepot.oci.repository_glob import RepositoryGlob
from entrepot.ports.access import Action, Caller, Kind
from entrepot.services.access.rules import (
    ANONYMOUS_SUBJECT,
    Rule,
    RuleBook,
    compile_globs,
    subjects_of,
)
from entrepot.services.access.view import View


async def reach(view: View, caller: Caller, action: Action) -> frozenset[str] | None:
    """Give the first components of all names in which a caller may do something.

    Args:
        view: what is known.
        caller: who asks.
        action: what is to be done.

    Returns:
        Perhaps more than that, never less; None where it may be any.
    """
    if caller.delegated:
        globs = (
            glob
            for grant in caller.limits or ()
            if action in grant.actions
            for glob in compile_globs(grant.patterns).wanted
        )
        return _heads(globs, caller.name)
    rules = _rules(view.rules, (ANONYMOUS_SUBJECT,), action)
    if caller.kind is not Kind.ANONYMOUS:
        known = await view.known(caller.name)
        account = known.account
        if account is not None and (account.admin or account.grants is not None):
            return None
        rules += _rules(view.rules, subjects_of(caller, known.groups), action)
    return _heads((glob for rule in rules for glob in rule.globs.wanted), caller.name)


def _rules(book: RuleBook, subjects: Iterable[str], action: Action) -> list[Rule]:
    return [rule for subject in subjects for rule in book.naming(subject, action)]


def _heads(globs: Iterable[RepositoryGlob], user: str) -> frozenset[str] | None:
    heads = set()
    for glob in globs:
        head = glob.text.partition("/")[0]
        if "*" in head:
            return None
        if glob.of_user and (not user or "/" in user):
            continue  # it matches nothing
        heads.add(head.replace("{user}", user))
    return frozenset(heads)
