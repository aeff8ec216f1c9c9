"""WWW-Authenticate as registries write it, and as nobody should."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.drivers.remote.challenges import (
    MOST_CHALLENGES,
    MOST_CHARACTERS,
    Challenge,
    parse_challenges,
)
from tests.cpu_time import within_cpu_seconds

HUB = (
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",'
    'scope="repository:library/alpine:pull"'
)
HUB_READ = Challenge(
    "bearer",
    {
        "realm": "https://auth.docker.io/token",
        "service": "registry.docker.io",
        "scope": "repository:library/alpine:pull",
    },
)


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        ([], []),
        (["Basic"], [Challenge("basic")]),
        ([HUB], [HUB_READ]),
        (['BASIC realm="x"'], [Challenge("basic", {"realm": "x"})]),
        (["Basic realm=x"], [Challenge("basic", {"realm": "x"})]),
        (['Basic realm = "x"'], [Challenge("basic", {"realm": "x"})]),
        ([r'Basic realm="a \"b\" \\c"'], [Challenge("basic", {"realm": r'a "b" \c'})]),
        (['Basic realm="x"', HUB], [Challenge("basic", {"realm": "x"}), HUB_READ]),
        ([f'Basic realm="x", {HUB}'], [Challenge("basic", {"realm": "x"}), HUB_READ]),
        ([f'{HUB}, Basic realm="x"'], [HUB_READ, Challenge("basic", {"realm": "x"})]),
        ([f"Negotiate, {HUB}"], [Challenge("negotiate"), HUB_READ]),
        ([f"Negotiate YIIabc==, {HUB}"], [Challenge("negotiate"), HUB_READ]),
        ([f"NTLM TlRM=, {HUB}"], [Challenge("ntlm"), HUB_READ]),
        (['Bearer realm="a",realm="b"'], [Challenge("bearer", {"realm": "a"})]),
        (['Bearer realm="unended'], [Challenge("bearer", {"realm": ""})]),
        (['="x"', "Basic"], [Challenge("basic")]),
    ],
)
def test_challenges_are_read_as_registries_write_them(
    lines: list[str], read: list[Challenge]
) -> None:
    assert parse_challenges(lines) == read


WORDS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=12)
VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40)


def written(challenge: Challenge) -> str:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", r"\\").replace('"', r"\"") + '"'

    parameters = ", ".join(f"{name}={quoted(v)}" for name, v in challenge.parameters.items())
    return f"{challenge.scheme} {parameters}"


CHALLENGES = st.builds(
    Challenge, WORDS.map(str.lower), st.dictionaries(WORDS.map(str.lower), VALUES, min_size=1)
)


@given(st.lists(CHALLENGES, max_size=6), st.booleans())
def test_what_is_written_is_read_on_one_line_or_several(
    challenges: list[Challenge], on_one_line: bool
) -> None:
    lines = [written(challenge) for challenge in challenges]
    assert parse_challenges([", ".join(lines)] if on_one_line else lines) == challenges


@given(st.lists(st.text(max_size=200), max_size=4))
def test_any_text_is_read_within_bounds(lines: list[str]) -> None:
    assert len(parse_challenges(lines)) <= MOST_CHALLENGES


@pytest.mark.parametrize("piece", ["a", ",", 'a="', "a=", '\\"', '"', "a ", " ", "=", 'a="\\'])
def test_no_header_keeps_the_parser_busy(piece: str) -> None:
    line = "Bearer " + piece * MOST_CHARACTERS
    with within_cpu_seconds(2):
        parse_challenges([line] * 20)
