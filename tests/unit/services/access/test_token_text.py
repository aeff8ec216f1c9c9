import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.ports.access import Kind
from entrepot.services.access.token_text import TokenText, looks_like_token
from tests.unit.oci.strategies import anything

LENGTH = 70
KINDS = st.sampled_from([Kind.USER, Kind.ROBOT])
# What a scanner for leaked secrets is told to look for (docs/access.md).
SCANNED = re.compile(r"ent_(pat|bot)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}")


@given(KINDS)
def test_a_token_is_read_as_it_was_made(kind: Kind) -> None:
    made = TokenText.make(kind)
    assert TokenText.parse(made.text) == made
    assert looks_like_token(made.text)
    assert SCANNED.fullmatch(made.text)
    assert len(made.hash()) == 32


@given(KINDS)
def test_a_new_secret_keeps_the_id_and_changes_everything_else(kind: Kind) -> None:
    made = TokenText.make(kind)
    again = TokenText.make(kind, made.public_id)
    assert again.public_id == made.public_id
    assert again.text != made.text
    assert again.hash() != made.hash()


@given(KINDS, st.integers(0, LENGTH - 1), st.sampled_from("0aZ_"))
def test_one_wrong_character_is_seen_without_asking_anybody(
    kind: Kind, place: int, other: str
) -> None:
    text = TokenText.make(kind).text
    assert len(text) == LENGTH
    # Not drawn anew: the token is another each time, and Hypothesis would draw something else.
    other = "1" if text[place] == other else other
    assert TokenText.parse(text[:place] + other + text[place + 1 :]) is None


@given(KINDS)
def test_a_users_token_with_a_robots_prefix_is_none(kind: Kind) -> None:
    text = TokenText.make(kind).text
    other = {"ent_pat_": "ent_bot_", "ent_bot_": "ent_pat_"}[text[:8]] + text[8:]
    assert TokenText.parse(other) is None


@given(anything)
def test_any_other_text_is_no_token(text: str) -> None:
    assert TokenText.parse(text) is None


@pytest.mark.parametrize("change", [str.upper, lambda text: f"{text}\n", lambda text: f" {text}"])
def test_a_token_that_was_copied_badly_is_none(change: object) -> None:
    assert callable(change)
    assert TokenText.parse(change(TokenText.make(Kind.USER).text)) is None


def test_the_secret_is_in_no_representation() -> None:
    made = TokenText.make(Kind.USER)
    assert made.text not in repr(made)
    assert made.text[22:] not in repr(made)


def test_a_token_has_256_random_bits_that_are_all_used() -> None:
    secrets = [TokenText.make(Kind.ROBOT).text[21:64] for _ in range(300)]
    assert len(set(secrets)) == 300
    # Each place takes many values: none of them is fixed, or comes from a few bits.
    assert all(len({secret[place] for secret in secrets}) > 40 for place in range(1, 43))
