"""What administrators do, and what is refused to them, with a reason."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from entrepot.errors import EntrepotError, InvalidRequest, NameTaken, UnknownAccount
from entrepot.ports.access import OPERATOR, Action, Kind
from entrepot.ports.accounts import StoredRule
from tests.unit.services.access.stage import PASSWORD, Stage, grant, stage

Act = Callable[[Stage], Awaitable[object]]


def play(act: Act) -> None:
    async def run(opened: Stage) -> None:
        await act(opened)

    with stage() as opened:
        asyncio.run(run(opened))


async def prepare(opened: Stage) -> None:
    await opened.users.add(OPERATOR, "alice", PASSWORD)
    await opened.robots.add(OPERATOR, "ci", owner="alice")
    await opened.tokens.add(OPERATOR, "alice", "laptop")
    await opened.groups.add(OPERATOR, "dev", ["alice"])
    await opened.add_rule("all", "group:dev", "pull", "**")


REFUSED: dict[str, tuple[Act, type[EntrepotError], str]] = {
    "a name that is none": (
        lambda s: s.users.add(OPERATOR, "Bob", PASSWORD),
        InvalidRequest,
        "lower-case",
    ),
    "a taken name": (
        lambda s: s.users.add(OPERATOR, "alice", PASSWORD),
        NameTaken,
        "alice already",
    ),
    "a robot's name": (lambda s: s.users.add(OPERATOR, "ci", PASSWORD), NameTaken, "ci already"),
    "a user's name": (lambda s: s.robots.add(OPERATOR, "alice"), NameTaken, "alice already"),
    "a short password": (lambda s: s.users.add(OPERATOR, "bob", "x"), InvalidRequest, "8 to 1024"),
    "a new short password": (
        lambda s: s.users.reset(OPERATOR, "alice", "x"),
        InvalidRequest,
        "8 to 1024",
    ),
    "two lines": (
        lambda s: s.users.add(OPERATOR, "bob", PASSWORD, description="a\nb"),
        InvalidRequest,
        "one line",
    ),
    "no such user": (lambda s: s.users.get("bob"), UnknownAccount, "no user bob"),
    "a robot is no user": (lambda s: s.users.get("ci"), UnknownAccount, "no user ci"),
    "a robot has no password": (
        lambda s: s.users.reset(OPERATOR, "ci", PASSWORD),
        UnknownAccount,
        "ci",
    ),
    "a user is no robot": (
        lambda s: s.robots.remove(OPERATOR, "alice"),
        UnknownAccount,
        "no robot alice",
    ),
    "nobody to disable": (
        lambda s: s.users.set_disabled(OPERATOR, "bob", disabled=True),
        UnknownAccount,
        "no user",
    ),
    "nobody to expire": (
        lambda s: s.robots.expire(OPERATOR, "alice", None),
        UnknownAccount,
        "no robot",
    ),
    "an owner of robots": (
        lambda s: s.users.remove(OPERATOR, "alice"),
        InvalidRequest,
        "remove ci first",
    ),
    "an owner who is not there": (
        lambda s: s.robots.add(OPERATOR, "cd", owner="bob"),
        UnknownAccount,
        "bob",
    ),
    "an owner who is a robot": (
        lambda s: s.robots.add(OPERATOR, "cd", owner="ci"),
        UnknownAccount,
        "ci",
    ),
    "a grant without actions": (
        lambda s: s.robots.add(OPERATOR, "cd", grants=[grant("", "**")]),
        InvalidRequest,
        "one action",
    ),
    "a grant of no pattern": (
        lambda s: s.robots.add(OPERATOR, "cd", grants=[grant("pull", "A")]),
        InvalidRequest,
        "lower-case",
    ),
    "limits of no pattern": (
        lambda s: s.tokens.add(OPERATOR, "alice", "x", limits=[grant("pull", "!a")]),
        InvalidRequest,
        "without '!'",
    ),
    "a taken token": (
        lambda s: s.tokens.add(OPERATOR, "alice", "laptop"),
        NameTaken,
        "laptop already",
    ),
    "a token of nobody": (lambda s: s.tokens.add(OPERATOR, "bob", "x"), UnknownAccount, "bob"),
    "no such token": (
        lambda s: s.tokens.rotate(OPERATOR, "alice", "x", 0),
        UnknownAccount,
        "no token",
    ),
    "no token to remove": (
        lambda s: s.tokens.remove(OPERATOR, "alice", "x"),
        UnknownAccount,
        "no token",
    ),
    "a taken group": (lambda s: s.groups.add(OPERATOR, "dev"), NameTaken, "dev already"),
    "a member who is not there": (
        lambda s: s.groups.join(OPERATOR, "dev", ["bob"]),
        UnknownAccount,
        "bob",
    ),
    "a robot as a member": (lambda s: s.groups.join(OPERATOR, "dev", ["ci"]), UnknownAccount, "ci"),
    "a member that nobody is": (
        lambda s: s.groups.join(OPERATOR, "dev", ["a\nb"], external=True),
        InvalidRequest,
        "nobody can be called",
    ),
    "somebody who is not in it": (
        lambda s: s.groups.leave(OPERATOR, "dev", ["bob"]),
        UnknownAccount,
        "bob",
    ),
    "no such group": (lambda s: s.groups.members("x"), UnknownAccount, "no group x"),
    "a taken rule": (
        lambda s: s.add_rule("all", "anonymous", "pull", "a"),
        NameTaken,
        "all already",
    ),
    "no such rule": (lambda s: s.rules.remove(OPERATOR, "x"), UnknownAccount, "no rule x"),
}


@pytest.mark.parametrize(("act", "error", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_refused_with_a_reason(
    act: Act, error: type[EntrepotError], says: str
) -> None:
    async def run(opened: Stage) -> None:
        await prepare(opened)
        before = await opened.accounts.generation()
        with pytest.raises(error, match=says):
            await act(opened)
        assert await opened.accounts.generation() == before

    play(run)


def test_a_failed_step_takes_back_the_ones_before_it() -> None:
    async def act(opened: Stage) -> None:
        await prepare(opened)
        with pytest.raises(UnknownAccount):
            await opened.groups.add(OPERATOR, "ops", ["alice", "bob"])
        with pytest.raises(UnknownAccount):
            await opened.groups.get("ops")
        with pytest.raises(UnknownAccount):
            await opened.groups.leave(OPERATOR, "dev", ["alice", "bob"])
        assert await opened.groups.members("dev") == ["alice"]

    play(act)


def test_a_user_without_robots_goes_with_everything() -> None:
    async def act(opened: Stage) -> None:
        await prepare(opened)
        await opened.robots.remove(OPERATOR, "ci")
        await opened.users.remove(OPERATOR, "alice")
        assert await opened.users.list("", 9) == []
        assert await opened.robots.list("", 9) == []
        assert await opened.groups.members("dev") == []

    play(act)


def test_the_first_administrator_is_made_once_with_a_password_that_is_good() -> None:
    async def act(opened: Stage) -> None:
        await opened.robots.add(OPERATOR, "ci")
        first, second = await asyncio.gather(opened.users.add_first(), opened.users.add_first())
        assert (first is None) != (second is None)
        made = first or second
        assert made is not None
        name, password = made
        caller = await opened.login(name, password)
        assert (caller.name, caller.kind) == ("admin", Kind.USER)
        assert await opened.may(caller, Action.ADMIN, "any/thing")
        assert await opened.users.add_first() is None

    play(act)


def test_no_administrator_is_made_where_there_is_a_user() -> None:
    async def act(opened: Stage) -> None:
        await opened.users.add(OPERATOR, "alice", PASSWORD)
        assert await opened.users.add_first() is None
        assert [user.name for user in await opened.users.list("", 9)] == ["alice"]

    play(act)


def test_a_rule_tells_which_of_its_subjects_nobody_is() -> None:
    async def act(opened: Stage) -> None:
        await prepare(opened)
        rule = StoredRule(
            name="x",
            who=(
                "user:alice",
                "user:ci",
                "user:bob",
                "robot:ci",
                "robot:alice",
                "group:dev",
                "group:Ops",
                "authenticated",
            ),
            may=(Action.PULL,),
            repositories=("**",),
        )
        unknown = await opened.rules.unknown_subjects(rule)
        assert unknown == ["user:ci", "user:bob", "robot:alice", "group:Ops"]
        assert await opened.rules.naming("group:dev") == ["all"]
        assert await opened.rules.naming("user:alice") == []

    play(act)


def test_all_tokens_and_members_are_listed_however_many() -> None:
    async def act(opened: Stage) -> None:
        await opened.users.add(OPERATOR, "alice", None)
        names = [f"t{number:03}" for number in range(130)]
        for name in names:
            await opened.tokens.add(OPERATOR, "alice", name)
        assert [token.name for token in await opened.tokens.list("alice")] == names
        members = [f"m{number:04}" for number in range(1200)]
        await opened.groups.add(OPERATOR, "many", members, external=True)
        assert await opened.groups.members("many") == members

    play(act)
