"""Rules: some callers may do some things in some repositories. They only ever allow.

Finding the rule that allows something looks at those rules only that name the caller (by user,
robot, group, or kind), may allow the action, and whose patterns can begin as the repository's name
does: a thousand rules cost as much as the few that matter.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from entrepot.config.access import RuleSettings, parse_subject
from entrepot.errors import InvalidRequest
from entrepot.oci.repository_glob import RepositoryGlob, RepositoryGlobs
from entrepot.ports.access import Action, Caller, Grant, Kind
from entrepot.ports.accounts import StoredRule
from entrepot.services.cache import MEBIBYTE, Cache

ANONYMOUS_SUBJECT = "anonymous"
AUTHENTICATED_SUBJECT = "authenticated"

# What a pattern takes when it has been compiled, roughly.
_COMPILED_BYTES = 4096
_SPECIAL = frozenset("*{!")
_GLOBS: Cache[tuple[str, ...], RepositoryGlobs] = Cache(
    2 * MEBIBYTE,
    measure=lambda globs: (len(globs.wanted) + len(globs.unwanted)) * _COMPILED_BYTES,
)
"""Patterns of rules, robots and limits of tokens, read again and again."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was read.

    Attributes:
        origin: where it is written, for whoever asks which rule decided.
        who: subjects, as they are written.
        may: what they may do.
        globs: where.
    """

    origin: str
    who: frozenset[str]
    may: frozenset[Action]
    globs: RepositoryGlobs


def rules_of_file(settings: Iterable[RuleSettings]) -> list[Rule]:
    """Read `access.rules`, which the configuration has checked."""
    return [
        _compile(
            f"access.rules[{number}] of the configuration", rule.who, rule.may, rule.repositories
        )
        for number, rule in enumerate(settings)
    ]


def rule_of_database(rule: StoredRule) -> Rule:
    """Read a rule of the database.

    Raises:
        InvalidRequest: it cannot be used; the message says what was expected.
    """
    return _compile(f"rule {rule.name} of the database", rule.who, rule.may, rule.repositories)


def compile_globs(patterns: tuple[str, ...]) -> RepositoryGlobs:
    """Read patterns, or find them read.

    Raises:
        InvalidRequest: one is none; the message says what was expected.
    """
    globs = _GLOBS.get(patterns)
    if globs is None:
        try:
            globs = RepositoryGlobs.parse(patterns)
        except ValueError as error:
            raise InvalidRequest(f"repositories: {error}") from error
        _GLOBS.keep(patterns, globs)
    return globs


def grants_allow(grants: Iterable[Grant], action: Action, name: str, user: str) -> bool:
    """Tell whether one of the grants allows something.

    Args:
        grants: of a robot, or limits of a token.
        action: what is to be done.
        name: in which repository.
        user: whose name `{user}` stands for.
    """
    return any(action in grant.actions and _reaches(grant.patterns, name, user) for grant in grants)


def _reaches(patterns: tuple[str, ...], name: str, user: str) -> bool:
    # Scopes of bearer tokens name one repository each, and strangers choose which: nothing is kept.
    if len(patterns) == 1 and not _SPECIAL.intersection(patterns[0]):
        return patterns[0] == name
    return compile_globs(patterns).matches(name, user)


def subjects_of(caller: Caller, groups: tuple[str, ...]) -> tuple[str, ...]:
    """Name a known caller in every way in which rules may name it, most particular first.

    Args:
        caller: a user or a robot.
        groups: of a user, those that the database knows; the caller brings others.
    """
    if caller.kind is Kind.ROBOT:
        return f"robot:{caller.name}", AUTHENTICATED_SUBJECT
    named = sorted({*groups, *caller.groups})
    return (
        f"user:{caller.name}",
        *(f"group:{group}" for group in named),
        AUTHENTICATED_SUBJECT,
    )


class RuleBook:
    """All rules, found by whom they name, what they allow, and how their patterns begin.

    Args:
        rules: in the order in which those that name the same subject are asked.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules: dict[tuple[str, Action], dict[str, list[Rule]]] = {}
        for rule in rules:
            heads = {_head(glob) for glob in rule.globs.wanted}
            for subject in rule.who:
                for action in rule.may:
                    by_head = self._rules.setdefault((subject, action), {})
                    for head in heads:
                        by_head.setdefault(head, []).append(rule)

    def find(self, subjects: Iterable[str], action: Action, name: str, user: str) -> Rule | None:
        """Find a rule that allows something; None when there is none.

        Args:
            subjects: everything by which rules may name the caller.
            action: what is to be done.
            name: in which repository.
            user: whose name `{user}` stands for.
        """
        heads = name.partition("/")[0], _ANYTHING
        for subject in subjects:
            by_head = self._rules.get((subject, action))
            if by_head is None:
                continue
            for head in heads:
                for rule in by_head.get(head, ()):
                    if rule.globs.matches(name, user):
                        return rule
        return None

    def naming(self, subject: str, action: Action) -> list[Rule]:
        """List the rules that allow a subject something, wherever; each once."""
        by_head = self._rules.get((subject, action), {})
        return list({id(rule): rule for rules in by_head.values() for rule in rules}.values())


# No component of a repository's name is called this.
_ANYTHING = "*"


def _head(glob: RepositoryGlob) -> str:
    """Give the component with which every name begins that matches, where there is one."""
    head = glob.text.partition("/")[0]
    return _ANYTHING if "*" in head or "{" in head else head


def _compile(
    origin: str, who: Iterable[str], may: Iterable[str], repositories: Iterable[str]
) -> Rule:
    subjects = frozenset(who)
    actions = frozenset(Action(word) for word in may)
    for subject in subjects:
        try:
            parse_subject(subject)
        except ValueError as error:
            raise InvalidRequest(f"who: expected {error}, not {subject!r}") from error
    if not subjects or not actions:
        raise InvalidRequest("a rule names somebody, and something that they may do")
    if ANONYMOUS_SUBJECT in subjects and Action.ADMIN in actions:
        raise InvalidRequest("a rule cannot let anonymous callers do 'admin'")
    return Rule(origin, subjects, actions, compile_globs(tuple(repositories)))
