import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.repository_glob import MAX_GLOB_LENGTH, RepositoryGlob, RepositoryGlobs
from tests.unit.oci.strategies import anything, names

pieces = st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "a*b", "*a*", "{user}", "a{user}*"])
globs = st.lists(st.one_of(pieces, st.just("**")), min_size=1, max_size=6).map("/".join)
short_names = st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=6).map("/".join)


def slow_match(pattern: list[str], name: list[str], user: str) -> bool:
    """What the words of the documentation say, tried in every way."""
    if not pattern:
        return not name
    first, *rest = pattern
    if first == "**":
        return any(slow_match(rest, name[taken:], user) for taken in range(len(name) + 1))
    return (
        bool(name)
        and fnmatchcase(name[0], first.replace("{user}", user))
        and slow_match(rest, name[1:], user)
    )


@given(globs, short_names, st.sampled_from(["a", "b", "ab", "ba"]))
def test_a_glob_matches_what_trying_every_way_matches(glob: str, name: str, user: str) -> None:
    expected = slow_match(glob.split("/"), name.split("/"), user)
    assert RepositoryGlob.parse(glob).matches(name, user) == expected


@given(names)
def test_a_name_is_a_glob_of_itself_alone(name: str) -> None:
    assert RepositoryGlob.parse(name).matches(name)
    assert not RepositoryGlob.parse(name).matches(f"{name}0")
    assert not RepositoryGlob.parse(name).matches(f"{name}/0")


@given(names, names)
def test_two_stars_mean_every_repository(name: str, user: str) -> None:
    assert RepositoryGlob.parse("**").matches(name, user)
    assert RepositoryGlob.parse("**/**").matches(name)


@pytest.mark.parametrize(
    ("glob", "name", "expected"),
    [
        ("team/*", "team/app", True),
        ("team/*", "team", False),
        ("team/*", "team/app/api", False),
        ("team/*", "teams/app", False),
        ("team/**", "team", True),
        ("team/**", "team/app/api", True),
        ("team/**", "teams", False),
        ("**/app", "app", True),
        ("**/app", "a/b/app", True),
        ("**/app", "a/b/napp", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a/**/z", "az", False),
        ("*", "app", True),
        ("*", "team/app", False),
        ("*-dev/**", "team-dev/app", True),
        ("a.b", "a.b", True),
        ("a.b*", "axb", False),
    ],
)
def test_stars_stay_within_their_components(glob: str, name: str, expected: bool) -> None:
    assert RepositoryGlob.parse(glob).matches(name) is expected


def test_user_stands_for_the_callers_name_literally() -> None:
    glob = RepositoryGlob.parse("home/{user}/**")
    assert glob.matches("home/alice/app", "alice")
    assert not glob.matches("home/bob/app", "alice")
    assert not glob.matches("home/alice/app", "a*")
    assert not glob.matches("home/alice/app", ".*")
    assert not glob.matches("home/axb/app", "a.b")


@pytest.mark.parametrize("user", ["", "a/b", "alice/app", "\0", "a\0"])
def test_user_matches_nothing_for_names_that_are_no_single_component(user: str) -> None:
    assert not RepositoryGlob.parse("{user}").matches(user, user)
    assert not RepositoryGlob.parse("home/{user}").matches(f"home/{user}", user)
    assert not RepositoryGlob.parse("{user}/**").matches("a/b", user)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty component"),
        ("/a", "empty component"),
        ("a/", "empty component"),
        ("a//b", "empty component"),
        ("a**", "stands alone"),
        ("**b/c", "stands alone"),
        ("a/***", "stands alone"),
        ("!a", "takes away"),
        ("A", "lower-case"),
        ("a?b", "no pattern"),
        ("[ab]", "no pattern"),
        ("{name}/x", "no pattern"),
        ("{user", "no pattern"),
        ("a b", "no pattern"),
        ("a\n", "no pattern"),
        ("é*", "no pattern"),
        ("a..b", "no repository can be called"),
        (".a", "no repository can be called"),
        ("a" * (MAX_GLOB_LENGTH + 1), "at most"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_no_pattern_is_refused_with_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        RepositoryGlob.parse(text)


@given(anything)
def test_any_text_is_a_pattern_or_is_refused_in_words_that_utf_8_can_carry(text: str) -> None:
    try:
        RepositoryGlobs.parse([text])
    except ValueError as refused:
        str(refused).encode()


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("*a" * 100 + "b", "a" * 255),
        ("*{user}" * 50 + "b", "a" * 255),
        ("**/" + "a/**/" * 60 + "b", "/".join("a" * 128)),
        ("**/" + "*a*/**/" * 60 + "b", "/".join("a" * 128)),
        ("**/" * 120 + "b", "/".join("a" * 128)),
        ("**/" + "*a*a*/" * 40 + "b", "aaa/" * 63 + "aaa"),
    ],
)
def test_no_pattern_makes_a_match_slow(glob: str, name: str) -> None:
    parsed = RepositoryGlob.parse(glob)
    start = time.thread_time()
    assert not parsed.matches(name, "a")
    assert time.thread_time() - start < 0.1


def test_a_list_means_what_is_wanted_and_not_taken_away_in_any_order() -> None:
    for texts in (["team/**", "!team/secret/**"], ["!team/secret/**", "team/**"]):
        globs = RepositoryGlobs.parse(texts)
        assert globs.matches("team/app")
        assert not globs.matches("team/secret")
        assert not globs.matches("team/secret/app")
        assert not globs.matches("other")


@pytest.mark.parametrize("texts", [[], ["!a"], ["!a/**", "!b"]])
def test_a_list_that_can_mean_nothing_is_refused(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one pattern without"):
        RepositoryGlobs.parse(texts)


def test_a_list_is_written_as_it_was_read() -> None:
    assert RepositoryGlobs.parse(["!x/y", "x/*", "{user}"]).texts() == ("x/*", "{user}", "!x/y")
    assert RepositoryGlobs.parse(["x/*", "!{user}"]).of_user
    assert not RepositoryGlobs.parse(["x/*", "!x/y"]).of_user
