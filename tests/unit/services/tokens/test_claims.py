"""What a token says: whom it names, for whom it is, until when, and what it allows."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import Unauthenticated
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Action
from entrepot.services.tokens.claims import check_claims, read_access, read_subject
from tests.unit.services.tokens.forge import ISSUER, NOW, SERVICE, claims

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
NAMES = ["team/app", "a", "**", "*", "team/*", "!a", "{user}", "../a", "A", "a//b", "", "a:5/b"]
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["repository", "repository(plugin)", "registry", "x", ""]) | JSON,
        "class": st.text(),
        "name": st.sampled_from([*NAMES, "catalog"]) | JSON,
        "actions": st.lists(
            st.sampled_from(["pull", "push", "delete", "*", "admin", "list"]) | st.text()
        )
        | JSON,
    },
)


def check(now: float = NOW, **changes: Any) -> float:
    return check_claims(claims(**changes), ISSUER, SERVICE, now)


def refused(now: float = NOW, **changes: Any) -> str:
    with pytest.raises(Unauthenticated) as caught:
        check(now, **changes)
    assert caught.value.problem == "invalid_token"
    return caught.value.message


@pytest.mark.parametrize("audience", [SERVICE, [SERVICE], ["other", SERVICE], [1, SERVICE]])
def test_a_token_is_for_the_services_that_it_names(audience: object) -> None:
    assert check(aud=audience) == NOW + 360


@pytest.mark.parametrize(
    "audience", [None, "", "other", SERVICE + "x", [], ["other"], [[SERVICE]], {SERVICE: 1}, 1]
)
def test_a_token_for_another_service_is_refused(audience: object) -> None:
    assert "another service" in refused(aud=audience)


@pytest.mark.parametrize("issuer", [None, "", "other", [ISSUER], ISSUER + " ", 1])
def test_a_token_of_another_issuer_is_refused(issuer: object) -> None:
    assert "another issuer" in refused(iss=issuer)


def test_clocks_may_be_a_minute_apart() -> None:
    assert check(NOW + 360)
    assert "expired" in refused(NOW + 360.001)
    assert check(NOW - 60)
    assert "not valid yet" in refused(NOW - 60.001)


def test_a_token_without_a_beginning_is_good_and_one_without_an_end_is_not() -> None:
    assert check(nbf=None)
    assert "does not expire" in refused(exp=None)


@pytest.mark.parametrize("moment", ["1", True, [NOW], -1, 2**60, float("inf"), float("nan"), {}])
def test_a_moment_is_a_number_of_seconds(moment: object) -> None:
    assert "not a time" in refused(exp=moment)
    assert "not a time" in refused(nbf=moment)


def test_a_moment_may_have_a_fraction() -> None:
    assert check(exp=NOW + 0.5) == NOW + 60.5


@pytest.mark.parametrize(
    "subject", [1, ["alice"], {"a": 1}, True, None, "a\nb", "a\0", "\ud800", "x" * 513]
)
def test_a_subject_is_a_name(subject: object) -> None:
    with pytest.raises(Unauthenticated):
        read_subject({"sub": subject})


def test_a_token_without_a_subject_is_of_somebody_unknown() -> None:
    assert read_subject({}) == ""


def allowed(*entries: dict[str, Any]) -> dict[tuple[str, ...], set[str]]:
    return {
        grant.patterns: {str(action) for action in grant.actions}
        for grant in read_access({"access": list(entries)})
    }


def entry(name: str, *actions: str, kind: str = "repository") -> dict[str, Any]:
    return {"type": kind, "name": name, "actions": list(actions)}


def test_each_repository_gets_what_all_its_entries_allow() -> None:
    entries = entry("a", "pull"), entry("b", "pull", "push"), entry("a", "delete")
    assert allowed(*entries) == {("a",): {"pull", "delete"}, ("b",): {"pull", "push"}}


def test_a_star_allows_everything_in_its_repository_but_no_catalogue() -> None:
    everything = {"pull", "push", "delete", "admin"}
    assert allowed(entry("a", "*")) == {("a",): everything}


def test_a_class_makes_no_difference() -> None:
    assert allowed(entry("a", "pull", kind="repository(plugin)")) == {("a",): {"pull"}}
    assert allowed({**entry("a", "pull"), "class": "image"}) == {("a",): {"pull"}}


def test_the_catalogue_is_for_who_is_allowed_it() -> None:
    assert allowed(entry("catalog", "*", kind="registry")) == {("**",): {"list"}}
    assert allowed(entry("catalog", "pull", kind="registry")) == {}
    assert allowed(entry("other", "*", kind="registry")) == {}


@pytest.mark.parametrize("name", ["**", "*", "team/*", "!a", "{user}", "../a", "A", "a//b", "/a"])
def test_a_name_is_never_a_pattern(name: str) -> None:
    """A token server that lets its users choose names must not let them choose all of them."""
    assert allowed(entry(name, "pull", "*")) == {}


def test_actions_that_nobody_knows_allow_nothing() -> None:
    assert allowed(entry("a", "admin", "list", "PULL", "pull,push", "")) == {}


@pytest.mark.parametrize("access", [None, []])
def test_a_token_may_allow_nothing(access: object) -> None:
    assert read_access({"access": access}) == ()


@pytest.mark.parametrize(
    "access",
    [
        "repository:a:pull",
        {"a": 1},
        [1],
        [None],
        [["a"]],
        [{"type": "repository", "name": "a", "actions": "pull"}],
        [{"type": "repository", "name": "a", "actions": [1]}],
        [{"type": "repository", "name": ["a"], "actions": ["pull"]}],
        [{"type": 1, "name": "a", "actions": ["pull"]}],
    ],
)
def test_access_that_is_not_written_as_tokens_are_refuses_the_token(access: object) -> None:
    with pytest.raises(Unauthenticated):
        read_access({"access": access})


@given(st.lists(ENTRIES | JSON))
def test_whatever_a_token_says_it_allows_named_repositories_only(entries: list[Any]) -> None:
    try:
        grants = read_access({"access": entries})
    except Unauthenticated:
        return
    said = [one for one in entries if isinstance(one, dict)]
    for grant in grants:
        (name,) = grant.patterns
        assert grant.actions
        if name == "**":
            assert grant.actions == {Action.LIST}
            continue
        assert RepositoryName.parse(name) == name
        told = [str(a) for one in said if one.get("name") == name for a in one.get("actions") or []]
        assert "*" in told or grant.actions <= {Action(a) for a in told if a in set(Action)}


@given(st.dictionaries(st.sampled_from(["iss", "aud", "exp", "nbf", "sub", "access"]), JSON))
def test_no_claims_break_anything(content: dict[str, Any]) -> None:
    for read in (
        lambda: check_claims(content, ISSUER, SERVICE, NOW),
        lambda: read_subject(content),
        lambda: read_access(content),
    ):
        with suppress(Unauthenticated):
            read()
