import re
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.linear_regex import LinearRegex

ALPHABET = string.ascii_lowercase[:3] + "1.-_"
TAGS = st.text(ALPHABET, max_size=12)
ATOMS = st.sampled_from(
    [
        *("a", "b", "1", ".", r"\.", "-", "_", r"\d", r"\w", r"\W", r"\D", "[ab]", "[^a]"),
        *("[a-c1]", "[]a]", "[a-]", r"[\d.]", "^", "$", "{", "(?:ab)"),
    ]
)
QUANTIFIERS = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "{,2}", "*?", "+?"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(inner, QUANTIFIERS).map(lambda pair: f"({pair[0]}){pair[1]}"),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, st.lists(TAGS, max_size=8))
def test_it_finds_what_python_finds(expression: str, tags: list[str]) -> None:
    ours, theirs = LinearRegex.parse(expression), re.compile(expression)
    for tag in tags:
        assert ours.found_in(tag) == (theirs.search(tag) is not None), (expression, tag)


@pytest.mark.parametrize(
    ("expression", "found", "not_found"),
    [
        ("^release-", ["release-1"], ["pre-release-1", "Release-1"]),
        ("^v?\\d+\\.\\d+$", ["v1.2", "10.0"], ["v1.2.3", "1.x"]),
        ("stable|latest", ["unstable", "latest"], ["edge"]),
        ("", ["anything"], []),
        ("^$", [""], ["a"]),
        ("^(main|v[0-9]+(\\.[0-9]+)*)$", ["main", "v1", "v1.2.3"], ["maine", "v", "v1."]),
    ],
)
def test_expressions_as_people_write_them(
    expression: str, found: list[str], not_found: list[str]
) -> None:
    regex = LinearRegex.parse(expression)
    assert [tag for tag in [*found, *not_found] if regex.found_in(tag)] == found


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|a)*b", "(a*)*b", "(.*a){12}$", "(a?){30}b"])
def test_no_expression_searches_long(expression: str) -> None:
    regex = LinearRegex.parse(expression)
    began = time.process_time()
    for number in range(100):
        regex.found_in("a" * 120 + f"{number}!")
    # Python's own takes longer than the age of the universe for the first of them.
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("(", "a regular expression"),
        ("*", "a regular expression"),
        (r"(a)\1", r"without \\1"),
        ("(?=a)", r"without \(\?="),
        ("(?i)a", r"without \(\?i"),
        ("a*+", "without a possessive repetition"),
        (r"\bword", r"without \\b"),
        ("(a{1000}){1000}", "at most 2000 steps"),
        ("(" * 60 + ")" * 60, "at most 50 levels"),
    ],
)
def test_what_is_not_offered_is_refused(expression: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        LinearRegex.parse(expression)
