import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.linear_regex import LinearRegex
from tests.cpu_time import within_cpu_seconds

ALPHABET = string.ascii_lowercase[:3] + "1.-_"
TAGS = st.text(ALPHABET, max_size=12)
ATOMS = st.sampled_from(
    [
        *("a", "b", "1", ".", r"\.", "-", "_", r"\d", r"\w", r"\W", r"\D", "[ab]", "[^a]"),
        *("[a-c1]", "[]a]", "[a-]", r"[\d.]", "^", "$", "{", "(?:ab)"),
    ]
)
QUANTIFIERS = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?"])
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
    ours, theirs = LinearRegex(expression), re.compile(expression)
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
    regex = LinearRegex(expression)
    assert [tag for tag in [*found, *not_found] if regex.found_in(tag)] == found


HARD = ["(a+)+$", "(a|a)*b", "(a*)*b", "(.*a){12}$", "(a?){30}b", "(a?){999}(b|c)$"]


@pytest.mark.parametrize("expression", HARD)
def test_no_expression_searches_long(expression: str) -> None:
    regex = LinearRegex(expression)
    replacing = LinearRegex(expression, groups=True)
    # Python's own takes longer than the age of the universe for the first of them.
    with within_cpu_seconds(20):
        regex.found_in("a" * 1_000_000 + "!")
        replacing.replace_in("a" * 100_000 + "!", "")
        for number in range(100):
            regex.found_in("a" * 120 + f"{number}!")


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("(", "missing"),
        ("*", "no argument for repetition"),
        (r"(a)\1", "invalid escape"),
        ("(?=a)", "invalid perl operator"),
        ("(a{1000}){1000}", "invalid repetition size"),
        ("(a{30}){30}" * 100, "pattern too large"),
        ("a" * 5_000, "at most 4096 characters"),
        ("\udcff", "Unicode"),
    ],
)
def test_what_cannot_be_read_is_refused(expression: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        LinearRegex(expression)


def test_text_that_no_utf_8_can_carry_is_searched_too() -> None:
    assert LinearRegex("^a.*b$").found_in("a\udcffb")
    assert LinearRegex("b", groups=True).replace_in("a\udcffb", "c") == "a\\udcffc"
