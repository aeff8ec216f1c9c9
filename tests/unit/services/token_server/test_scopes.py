"""What clients ask tokens for, read as Docker's grammar of scopes has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.ports.access import Action
from entrepot.services.token_server.scopes import MOST_SCOPES, parse_scopes

WORDS = st.sampled_from(
    ["repository", "registry", "catalog", "team/app", "pull", "push", "*", ":", ",", " ", "(x)"]
)
TEXTS = st.lists(st.lists(WORDS | st.text(max_size=4)).map("".join), max_size=4)


def read(*texts: str) -> list[str]:
    return [str(scope) for scope in parse_scopes(texts)]


@pytest.mark.parametrize(
    ("asked", "understood"),
    [
        (["repository:a:pull"], ["repository:a:pull"]),
        (["repository:team/app:pull,push"], ["repository:team/app:pull,push"]),
        (["repository:a:push,pull"], ["repository:a:push,pull"]),
        (["repository:a:delete"], ["repository:a:delete"]),
        (["repository:a:*"], ["repository:a:pull,push,delete"]),
        (["repository(plugin):a:pull"], ["repository:a:pull"]),
        (["registry:catalog:*"], ["registry:catalog:*"]),
        (["repository:a:pull repository:b:pull"], ["repository:a:pull", "repository:b:pull"]),
        (["repository:a:pull", "repository:b:pull"], ["repository:a:pull", "repository:b:pull"]),
        (["repository:a:pull", "repository:a:push"], ["repository:a:pull,push"]),
        (["repository:a:pull,pull,pull"], ["repository:a:pull"]),
        (["  repository:a:pull\t\n"], ["repository:a:pull"]),
    ],
)
def test_a_scope_is_understood(asked: list[str], understood: list[str]) -> None:
    assert read(*asked) == understood


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":",
        "::",
        "repository",
        "repository:a",
        "a:pull",
        "repository::pull",
        "repository:A:pull",
        "repository:**:pull",
        "repository:../a:pull",
        "repository:host:5000/a:pull",
        "registry:catalog:pull",
        "registry:other:*",
        "admin:a:pull",
        "REPOSITORY:a:pull",
        "repository:" + "a" * 256 + ":pull",
    ],
)
def test_what_is_no_scope_is_passed_over(text: str) -> None:
    assert read(text) == []
    assert read(f"{text} repository:a:pull") == ["repository:a:pull"]


@pytest.mark.parametrize("actions", ["", "PULL", "admin", "list", "pull;push", "pull+push"])
def test_actions_that_nobody_knows_are_not_asked_for(actions: str) -> None:
    (scope,) = parse_scopes([f"repository:a:{actions}"])
    assert scope.actions == ()


def test_what_a_token_may_be_asked_for_has_a_bound() -> None:
    text = " ".join(f"repository:r{number}:pull" for number in range(10_000))
    assert len(parse_scopes([text])) == MOST_SCOPES


@given(TEXTS)
def test_whatever_is_asked_only_known_actions_in_named_repositories_come_out(
    texts: list[str],
) -> None:
    scopes = parse_scopes(texts)
    resources = [scope.repository for scope in scopes]
    assert len(resources) == len(set(resources))
    for scope in scopes:
        if scope.repository is None:
            assert scope.actions == (Action.LIST,)
            continue
        assert RepositoryName.parse(scope.repository) == scope.repository
        assert set(scope.actions) <= {Action.PULL, Action.PUSH, Action.DELETE}
        assert any(f":{scope.repository}:" in text for text in texts)


@given(TEXTS)
def test_what_comes_out_is_read_again_as_the_same(texts: list[str]) -> None:
    scopes = [scope for scope in parse_scopes(texts) if scope.actions]
    assert list(parse_scopes([" ".join(str(scope) for scope in scopes)])) == scopes
