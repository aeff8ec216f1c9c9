"""The cache: bounded in bytes, nothing outlives its end, and secrets are nowhere in it."""

import gc
import pickle
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.ports.access import Action, Caller, Grant, Kind
from entrepot.services.cache import Cache, SecretHash, weigh

LETTERS = st.sampled_from("abcdefgh")
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("keep"),
            LETTERS,
            st.integers(0, 2000),
            st.none() | st.integers(0, 20),
        ),
        st.tuples(st.just("get"), LETTERS, st.none(), st.none()),
        st.tuples(st.just("forget"), LETTERS, st.none(), st.none()),
        st.tuples(st.just("later"), st.none(), st.integers(1, 9), st.none()),
        st.tuples(st.just("clear"), st.none(), st.none(), st.none()),
    ),
    max_size=80,
)


@settings(max_examples=300)
@given(STEPS, st.none() | st.integers(1, 10))
def test_it_gives_what_was_kept_last_within_its_bound_and_its_time(
    steps: list[tuple[str, str | None, int | None, int | None]], seconds: int | None
) -> None:
    now, bound = 0.0, 6000
    cache: Cache[str, bytes] = Cache(bound, seconds, lambda: now)
    model: dict[str, tuple[float, bytes]] = {}
    for what, key, number, until in steps:
        if what == "later":
            now += number or 0
        elif what == "clear":
            cache.clear()
            model.clear()
        elif key is None:
            raise AssertionError(what)
        elif what == "forget":
            cache.forget(key)
            model.pop(key, None)
        elif what == "keep":
            value = bytes(number or 0)
            end = float("inf") if seconds is None else now + seconds
            model[key] = (end if until is None else until, value)
            cache.keep(key, value, until)
        else:
            found = cache.get(key)
            end, value = model.get(key, (0.0, b""))
            assert found in (None, value)
            if now >= end:
                assert found is None
        assert 0 <= cache.bytes <= bound
        assert (cache.bytes == 0) == (len(cache) == 0)


def test_what_was_not_asked_for_longest_makes_room() -> None:
    cache: Cache[str, bytes] = Cache(4 * 1600)
    for key in "abcd":
        cache.keep(key, bytes(1000))
    assert cache.get("a")
    for key in "ef":
        cache.keep(key, bytes(1000))
    assert [key for key in "abcdef" if cache.get(key)] == ["a", "d", "e", "f"]


def test_what_has_ended_is_gone_though_nobody_asks_for_it() -> None:
    now = 0.0
    cache: Cache[int, bytes] = Cache(1 << 20, clock=lambda: now)
    for number in range(100):
        cache.keep(number, bytes(500), until=10 + number)
    now = 60.0
    cache.keep(1000, b"", until=100)
    assert len(cache) == 50
    now = 1000.0
    cache.keep(1001, b"", until=2000)
    assert len(cache) == 1


def test_keeping_the_same_again_and_again_takes_no_more() -> None:
    cache: Cache[str, bytes] = Cache(1 << 20, 60)
    for _ in range(10_000):
        cache.keep("a", b"x")
    assert len(cache._ends) < 100
    for _ in range(10_000):
        cache.keep("a", b"x")
        cache.forget("a")
    assert (len(cache), cache.bytes) == (0, 0)
    assert len(cache._ends) < 100


def test_one_value_does_not_push_out_all_others() -> None:
    cache: Cache[str, bytes] = Cache(10_000)
    cache.keep("a", b"x")
    cache.keep("b", bytes(9_000))
    assert cache.get("a")
    assert cache.get("b") is None


def test_a_value_that_has_grown_too_large_takes_the_old_one_with_it() -> None:
    cache: Cache[str, bytes] = Cache(10_000)
    cache.keep("a", b"x")
    cache.keep("a", bytes(9_000))
    assert cache.get("a") is None


def wide_caller(number: int) -> Caller:
    """Somebody with a token of many scopes."""
    grants = tuple(
        Grant(frozenset({Action.PULL, Action.PUSH}), (f"team-{number}/app-{scope}",))
        for scope in range(200)
    )
    return Caller("", Kind.ANONYMOUS, limits=grants, scoped=True)


def test_the_bound_is_of_real_bytes() -> None:
    bound = 4 << 20
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        cache: Cache[bytes, Caller] = Cache(bound, 60)
        for number in range(500):
            cache.keep(number.to_bytes(16, "big"), wide_caller(number))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(cache) < 500
    assert taken <= cache.bytes <= bound


@pytest.mark.parametrize("value", [None, True, Kind.USER, Action.PULL])
def test_what_everybody_has_weighs_nothing(value: object) -> None:
    assert weigh(value) == 0


@given(st.text(), st.text(), st.text(), st.text())
def test_only_the_same_parts_have_the_same_hash(
    name: str, secret: str, other_name: str, other_secret: str
) -> None:
    key = SecretHash()
    same = (name, secret) == (other_name, other_secret)
    assert (key(name, secret) == key(other_name, other_secret)) is same


def test_what_belongs_to_one_part_is_not_taken_for_the_next() -> None:
    key = SecretHash()
    assert key("alice", "1:x") != key("alice1:", "x")
    assert key("", "ab") != key("ab", "")
    assert key("ab") != key("a", "b")


def test_hashes_tell_nothing_and_differ_between_processes() -> None:
    one, two = SecretHash(), SecretHash()
    assert one("alice", "secret") != two("alice", "secret")
    assert b"sesame" not in pickle.dumps(one("alice", "open sesame"))
