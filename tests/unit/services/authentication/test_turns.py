"""Turns at passwords: a few at once, one of a kind at a time, and nobody is forgotten."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import Overloaded
from entrepot.services.authentication.turns import Turns
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio


class Checks:
    """Passwords that are checked until the test says that they are done."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.had: list[tuple[str, str]] = []
        self.running: list[tuple[str, str, bool]] = []
        self.gate = asyncio.Event()

    async def check(self, address: str, account: str, *, familiar: bool = False) -> None:
        async with self.turns.turn(address, account, familiar=familiar):
            running = address, account, familiar
            self.running.append(running)
            self.had.append((address, account))
            try:
                await self.gate.wait()
            finally:
                self.running.remove(running)

    def start(self, *checks: Coroutine[Any, Any, None]) -> list["asyncio.Task[None]"]:
        return [asyncio.create_task(check) for check in checks]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from("xyz"), st.booleans(), st.sampled_from("rcgm")
        ),
        max_size=40,
    )
)
def test_everybody_has_a_turn_or_is_refused_and_never_two_of_a_kind_at_once(
    story: list[tuple[str, str, bool, str]],
) -> None:
    async def play() -> None:
        turns = Turns(at_once=2, room=5)
        checks = Checks(turns)
        tasks: list[asyncio.Task[None]] = []
        for address, account, familiar, then in story:
            tasks += checks.start(checks.check(address, account, familiar=familiar))
            if then == "c":
                tasks[len(tasks) // 2].cancel()
            elif then == "g":
                checks.gate.set()
                await settle()
                checks.gate.clear()
            elif then == "m":
                turns.note_mistake(address, account)
            await settle()
            assert len(checks.running) <= 2
            strangers = [one[0] for one in checks.running if not one[2]]
            assert len(set(strangers)) == len(strangers)
            familiars = [one for one in checks.running if one[2]]
            assert len(set(familiars)) == len(familiars)
        checks.gate.set()
        async with asyncio.timeout(PATIENCE):
            said = await asyncio.gather(*tasks, return_exceptions=True)
        for one in said:
            assert one is None or isinstance(one, Overloaded | asyncio.CancelledError)
        # Nothing is left that would keep somebody else waiting.
        async with asyncio.timeout(PATIENCE), turns.turn("new", "new", familiar=False):
            pass

    asyncio.run(play())


async def test_who_has_had_fewer_turns_goes_first() -> None:
    checks = Checks(Turns(at_once=1))
    tasks = checks.start(
        checks.check("busy", "one"),
        *(checks.check("busy", f"name{number}") for number in range(5)),
        checks.check("quiet", "two"),
        checks.check("quiet", "three"),
    )
    await settle()
    checks.gate.set()
    await asyncio.gather(*tasks)
    assert [address for address, _ in checks.had[:4]] == ["busy", "quiet", "busy", "quiet"]


async def test_mistakes_count_for_address_and_account_until_they_are_old() -> None:
    seconds = 0.0
    turns = Turns(at_once=1, seconds=lambda: seconds)
    turns.note_mistake("guesser", "victim")
    for minutes, expected in ((0, ["third", "guesser"]), (5, ["guesser", "third"])):
        seconds = minutes * 60.0
        checks = Checks(turns)
        tasks = checks.start(
            checks.check("first", "first"),
            checks.check("guesser", "other"),
            checks.check("third", "another"),
        )
        await settle()
        checks.gate.set()
        await asyncio.gather(*tasks)
        assert [address for address, _ in checks.had[1:]] == expected
        for _ in range(5):
            seconds += 60.0
            async with turns.turn("nobody", "nobody", familiar=False):
                pass


async def test_where_too_many_wait_one_of_the_many_goes_and_not_the_newcomer() -> None:
    checks = Checks(Turns(at_once=1, room=4))
    many = checks.start(*(checks.check("busy", f"name{number}") for number in range(5)))
    await settle()
    few = checks.start(checks.check("quiet", "one"), checks.check("elsewhere", "two"))
    await settle()
    assert [task.done() for task in many] == [False, False, False, True, True]
    checks.gate.set()
    await asyncio.gather(*few, *many[:3])
    for task in many[3:]:
        with pytest.raises(Overloaded):
            await task


async def test_what_is_remembered_is_bounded() -> None:
    turns = Turns()
    for number in range(30_000):
        turns.note_mistake(f"address {number}", f"account {number}")
    assert len(turns._recent) <= 10_002
