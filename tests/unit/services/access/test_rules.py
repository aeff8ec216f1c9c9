import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.config.access import RuleSettings
from entrepot.errors import InvalidRequest
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.ports.access import Action, Caller, Grant, Kind
from entrepot.ports.accounts import StoredRule
from entrepot.services.access.rules import (
    Rule,
    RuleBook,
    grants_allow,
    rule_of_database,
    rules_of_file,
    subjects_of,
)
from tests.unit.services.access.stage import grant, rule

NAMES = ["a", "b", "a/b", "b/a", "a/b/c", "alice", "alice/a", "ab"]
PATTERNS = ["a", "a/*", "a/**", "**", "*", "**/a", "{user}/**", "*b*", "alice/**", "{user}"]
SUBJECTS = ["user:alice", "user:bob", "group:g", "robot:r", "authenticated", "anonymous"]

rules = st.builds(
    rule,
    st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=3).map(" ".join),
    st.lists(st.sampled_from(["pull", "push", "list"]), min_size=1, max_size=2).map(" ".join),
    st.tuples(
        st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3),
        st.lists(st.sampled_from([f"!{pattern}" for pattern in PATTERNS]), max_size=1),
    ).map(lambda both: " ".join(both[0] + both[1])),
)


@given(
    st.lists(rules, max_size=8),
    st.sets(st.sampled_from(SUBJECTS)),
    st.sampled_from([Action.PULL, Action.PUSH, Action.DELETE]),
    st.sampled_from(NAMES),
    st.sampled_from(["alice", "a", ""]),
)
def test_the_index_finds_a_rule_exactly_when_one_of_all_rules_allows_it(
    settings: list[RuleSettings], subjects: set[str], action: Action, name: str, user: str
) -> None:
    compiled = rules_of_file(settings)
    found = RuleBook(compiled).find(subjects, action, name, user)

    def allows(candidate: Rule) -> bool:
        return (
            bool(candidate.who & subjects)
            and action in candidate.may
            and candidate.globs.matches(name, user)
        )

    assert (found is None) == (not any(map(allows, compiled)))
    assert found is None or allows(found)


def test_rules_name_callers_by_account_groups_and_kind() -> None:
    alice = Caller("alice", Kind.USER, groups=frozenset({"directory"}))
    assert subjects_of(alice, ("team",)) == (
        "user:alice",
        "group:directory",
        "group:team",
        "authenticated",
    )
    robot = Caller("ci", Kind.ROBOT, groups=frozenset({"directory"}))
    assert subjects_of(robot, ("team",)) == ("robot:ci", "authenticated")


def test_a_rule_says_where_it_is_written() -> None:
    first, second = rules_of_file([rule("anonymous", "pull", "a"), rule("user:x", "pull", "b")])
    assert "access.rules[0]" in first.origin
    assert "access.rules[1]" in second.origin
    stored = StoredRule(name="x", who=("anonymous",), may=(Action.PULL,), repositories=("a",))
    assert rule_of_database(stored).origin == "rule x of the database"


@pytest.mark.parametrize(
    ("who", "may", "repositories", "expected"),
    [
        ((), (Action.PULL,), ("a",), "names somebody"),
        (("authenticated",), (), ("a",), "something that they may do"),
        (("authenticated",), (Action.PULL,), (), "at least one pattern"),
        (("authenticated",), (Action.PULL,), ("!a",), "at least one pattern"),
        (("authenticated",), (Action.PULL,), ("A",), "lower-case"),
        (("alice",), (Action.PULL,), ("a",), "user:NAME"),
        (("user:",), (Action.PULL,), ("a",), "a name after"),
        (("anonymous",), (Action.ADMIN,), ("a",), "anonymous callers do 'admin'"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_what_was_expected(
    who: tuple[str, ...], may: tuple[Action, ...], repositories: tuple[str, ...], expected: str
) -> None:
    with pytest.raises(InvalidRequest, match=expected):
        rule_of_database(StoredRule(name="x", who=who, may=may, repositories=repositories))


def test_grants_allow_what_one_of_them_allows() -> None:
    grants: list[Grant] = [grant("pull", "a/** !a/x"), grant("push", "{user}/*")]
    assert grants_allow(grants, Action.PULL, "a/b", "ci")
    assert not grants_allow(grants, Action.PULL, "a/x", "ci")
    assert not grants_allow(grants, Action.PUSH, "a/b", "ci")
    assert grants_allow(grants, Action.PUSH, "ci/b", "ci")
    assert not grants_allow([], Action.PULL, "a", "ci")


def test_a_thousand_rules_cost_as_much_as_the_few_that_matter() -> None:
    many = [
        Rule(f"{n}", frozenset({f"group:g{n % 200}"}), frozenset({Action.PULL}), globs(n))
        for n in range(1000)
    ]
    book = RuleBook(many)
    subjects = [f"group:g{number}" for number in range(200)]
    names = [f"team{number}/app" for number in range(200)]

    def by_index() -> bool:
        return all(book.find(subjects, Action.PULL, name, "x") for name in names)

    def one_by_one() -> bool:
        return all(any(rule.globs.matches(name, "x") for rule in reversed(many)) for name in names)

    assert by_index()
    assert one_by_one()
    assert cost(by_index) < cost(one_by_one) / 3


def cost(work: Callable[[], bool]) -> float:
    """Processor time of this thread in seconds, the least of a few rounds."""
    times = []
    for _ in range(5):
        begin = time.thread_time()
        work()
        times.append(time.thread_time() - begin)
    return min(times)


def globs(number: int) -> RepositoryGlobs:
    return RepositoryGlobs.parse([f"team{number}/**", f"!team{number}/secret/**"])
