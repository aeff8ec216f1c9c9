"""Facts about secrets: kept for a while, bounded, and without the secrets."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from entrepot.services.authentication.facts import Facts


def test_a_fact_is_good_for_its_time_and_no_longer() -> None:
    now = 0.0
    facts: Facts[str] = Facts(10, 5, lambda: now)
    key = facts.key("alice", "secret")
    assert facts.get(key) is None
    facts.keep(key, "right")
    now = 9.9
    assert facts.get(key) == "right"
    now = 10
    assert facts.get(key) is None
    assert len(facts) == 0


def test_the_oldest_makes_room() -> None:
    facts: Facts[int] = Facts(10, 3)
    keys = [facts.key("alice", str(number)) for number in range(5)]
    for number, key in enumerate(keys):
        facts.keep(key, number)
    assert [facts.get(key) for key in keys] == [None, None, 2, 3, 4]


def test_a_fact_that_is_kept_again_is_new() -> None:
    facts: Facts[int] = Facts(10, 2)
    one, two, three = (facts.key("alice", text) for text in "123")
    for key in (one, two, one, three):
        facts.keep(key, 7)
    assert [facts.get(key) for key in (one, two, three)] == [7, None, 7]


def test_everything_can_be_forgotten() -> None:
    facts: Facts[int] = Facts(10, 2)
    facts.keep(facts.key("a", "b"), 1)
    facts.clear()
    assert facts.get(facts.key("a", "b")) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_only_the_same_name_and_secret_have_the_same_key(
    name: str, secret: str, other_name: str, other_secret: str
) -> None:
    facts: Facts[int] = Facts(10, 2)
    same = (name, secret) == (other_name, other_secret)
    assert (facts.key(name, secret) == facts.key(other_name, other_secret)) is same


def test_what_belongs_to_the_name_is_not_taken_for_the_secret() -> None:
    facts: Facts[int] = Facts(10, 2)
    assert facts.key("alice", "1:x") != facts.key("alice1:", "x")
    assert facts.key("", "ab") != facts.key("ab", "")


def test_keys_tell_nothing_and_differ_between_processes() -> None:
    one: Facts[int] = Facts(10, 2)
    two: Facts[int] = Facts(10, 2)
    assert one.key("alice", "secret") != two.key("alice", "secret")
    one.keep(one.key("alice", "open sesame"), 1)
    assert b"sesame" not in pickle.dumps(one._kept)
