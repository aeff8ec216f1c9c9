"""What nothing allows is denied; what takes rights away takes them away at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from entrepot.errors import Denied, Unauthenticated
from entrepot.oci.name import RepositoryName
from entrepot.ports.access import ANONYMOUS, OPERATOR, Action, Caller, Kind
from entrepot.services.access import rules
from tests.unit.services.access.stage import PASSWORD, Stage, grant, rule, stage

ALICE, BOB = Caller("alice", Kind.USER), Caller("bob", Kind.USER)
CI = Caller("ci", Kind.ROBOT)
APP = RepositoryName.parse("team/app")
PULL, PUSH, DELETE, ADMIN = Action.PULL, Action.PUSH, Action.DELETE, Action.ADMIN


def play(act: Callable[[Stage], Awaitable[None]], *rules: object) -> None:
    with stage(*rules) as opened:  # type: ignore[arg-type]
        asyncio.run(_awaited(act(opened)))


async def _awaited(work: Awaitable[None]) -> None:
    await work


def test_what_no_rule_allows_is_denied_to_everybody() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", None)
        for caller in (ANONYMOUS, ALICE, BOB, CI):
            for action in Action:
                assert not await stage.may(caller, action, "team/app")

    play(act)


def test_an_anonymous_caller_is_asked_to_log_in_and_a_known_one_is_denied() -> None:
    async def act(stage: Stage) -> None:
        with pytest.raises(Unauthenticated):
            await stage.access.require(ANONYMOUS, PULL, APP)
        with pytest.raises(Denied, match="alice may not pull in team/app"):
            await stage.access.require(ALICE, PULL, APP)

    play(act)


def test_an_administrator_may_do_everything_and_a_robot_of_one_what_its_grants_allow() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "root", None, admin=True)
        await stage.robots.add(OPERATOR, "ci", owner="root", grants=[grant("pull push", "team/**")])
        for action in Action:
            assert await stage.may(Caller("root", Kind.USER), action, "any/thing")
        assert await stage.may(CI, PUSH, "team/app")
        assert not await stage.may(CI, DELETE, "team/app")
        assert not await stage.may(CI, PULL, "other/app")

    play(act)


def test_no_action_implies_another() -> None:
    async def act(stage: Stage) -> None:
        for action in Action:
            allowed = {other for other in Action if await stage.may(ALICE, other, f"{action}/x")}
            assert allowed == {action}

    play(act, *(rule("user:alice", action, f"{action}/**") for action in Action))


def test_what_anonymous_callers_may_everybody_may_whatever_limits_they_have() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", None)
        await stage.robots.add(OPERATOR, "ci", grants=[grant("push", "x")])
        limited = Caller("alice", Kind.USER, limits=(grant("push", "x"),))
        for caller in (ANONYMOUS, ALICE, limited, BOB, CI):
            assert await stage.may(caller, PULL, "public/app")
            assert not await stage.may(caller, PUSH, "public/app")

    play(act, rule("anonymous", "pull", "public/**"))


def test_user_in_a_pattern_is_the_name_of_whoever_asks() -> None:
    async def act(stage: Stage) -> None:
        assert await stage.may(ALICE, PUSH, "home/alice/app")
        assert not await stage.may(ALICE, PUSH, "home/bob/app")
        assert not await stage.may(ANONYMOUS, PUSH, "home/bob/app")

    play(act, rule("authenticated", "push", "home/{user}/**"))


@pytest.mark.parametrize("name", ["", "a/b", "*", "**", "{user}", "\0", "\ud800", "..", "home"])
def test_no_name_of_a_caller_reaches_beyond_its_own_part(name: str) -> None:
    async def act(stage: Stage) -> None:
        caller = Caller(name, Kind.USER)
        for repository in ("home", "home/b", "home/a/b", "home/alice/app", "a/b"):
            expected = repository == "home" and name == "home"
            assert await stage.may(caller, PUSH, repository) == expected, repository

    play(act, rule("authenticated", "push", "home/{user}/** {user}"))


def test_rules_reach_groups_of_the_database_and_those_that_the_caller_brings() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", None)
        await stage.groups.add(OPERATOR, "dev", ["alice"])
        await stage.groups.add(OPERATOR, "file", ["Müller"], external=True)
        assert await stage.may(ALICE, PUSH, "dev/x")
        assert not await stage.may(BOB, PUSH, "dev/x")
        assert await stage.may(Caller("bob", Kind.USER, frozenset({"dev"})), PUSH, "dev/x")
        assert await stage.may(Caller("Müller", Kind.USER), PUSH, "file/x")
        # A robot is in no group, whatever it is called.
        assert not await stage.may(Caller("alice", Kind.ROBOT), PUSH, "dev/x")

    play(act, rule("group:dev", "push", "dev/*"), rule("group:file", "push", "file/*"))


def test_a_robot_with_grants_has_these_alone_and_one_without_has_rules() -> None:
    async def act(stage: Stage) -> None:
        await stage.robots.add(OPERATOR, "ci", grants=[grant("pull", "a/*")])
        await stage.robots.add(OPERATOR, "cd")
        assert await stage.may(CI, PULL, "a/x")
        assert not await stage.may(CI, PULL, "b/x")
        assert await stage.may(Caller("cd", Kind.ROBOT), PULL, "b/x")
        assert not await stage.may(Caller("cd", Kind.ROBOT), PULL, "a/x")

    play(act, rule("robot:ci robot:cd authenticated", "pull", "b/*"))


def test_limits_wider_than_the_account_are_cut_when_they_are_used() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", None)
        await stage.users.add(OPERATOR, "root", None, admin=True)
        everything = (grant("pull push delete list admin", "**"),)
        assert await stage.may(Caller("alice", Kind.USER, limits=everything), PULL, "team/app")
        assert not await stage.may(Caller("alice", Kind.USER, limits=everything), PUSH, "team/app")
        assert not await stage.may(Caller("alice", Kind.USER, limits=()), PULL, "team/app")
        narrow = (grant("pull", "team/**"),)
        assert await stage.may(Caller("root", Kind.USER, limits=narrow), PULL, "team/app")
        assert not await stage.may(Caller("root", Kind.USER, limits=narrow), PUSH, "team/app")

    play(act, rule("user:alice", "pull", "team/**"))


def test_a_robots_grants_wider_than_its_owners_rights_are_cut_when_they_are_used() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", None)
        await stage.robots.add(OPERATOR, "ci", owner="alice", grants=[grant("pull push", "**")])
        assert await stage.may(CI, PULL, "team/app")
        assert not await stage.may(CI, PUSH, "team/app")
        assert "its owner alice may not" in await stage.why(CI, PUSH, "team/app")
        await stage.add_rule("more", "user:alice", "push", "team/**")
        assert await stage.may(CI, PUSH, "team/app")
        await stage.users.set_disabled(OPERATOR, "alice", disabled=True)
        assert not await stage.may(CI, PULL, "team/app")

    play(act, rule("user:alice", "pull", "team/**"))


def test_an_external_token_server_decides_alone() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", None, admin=True)
        caller = Caller("alice", Kind.USER, limits=(grant("pull", "team/app"),), delegated=True)
        assert await stage.may(caller, PULL, "team/app")
        assert not await stage.may(caller, PUSH, "team/app")
        assert not await stage.may(caller, PULL, "public/app")
        with pytest.raises(Unauthenticated) as refused:
            await stage.access.require(caller, PUSH, APP)
        assert refused.value.problem == "insufficient_scope"
        nobody = Caller(limits=(grant("pull", "team/app"),), delegated=True)
        assert await stage.may(nobody, PULL, "team/app")

    play(act, rule("anonymous", "pull", "public/**"))


def test_a_token_that_was_asked_for_too_little_is_told_so_only_where_more_can_be_had() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", None)
        caller = Caller("alice", Kind.USER, limits=(grant("pull", "team/other"),), scoped=True)
        with pytest.raises(Unauthenticated) as refused:
            await stage.access.require(caller, PULL, APP)
        assert refused.value.problem == "insufficient_scope"
        with pytest.raises(Denied):
            await stage.access.require(caller, PUSH, APP)
        personal = Caller("alice", Kind.USER, limits=caller.limits)
        with pytest.raises(Denied):
            await stage.access.require(personal, PULL, APP)

    play(act, rule("user:alice", "pull", "team/**"))


def test_one_kind_of_account_never_passes_for_the_other() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "root", None, admin=True)
        await stage.robots.add(OPERATOR, "ci", grants=[grant("push", "**")])
        assert not await stage.may(Caller("root", Kind.ROBOT), PULL, "x")
        assert not await stage.may(Caller("ci", Kind.USER), PUSH, "x")
        assert not await stage.may(Caller("gone", Kind.ROBOT), PUSH, "x")

    play(act, rule("robot:gone", "push", "**"))


Act = Callable[[Stage], Awaitable[object]]
ENDINGS: dict[str, Act] = {
    "the user is disabled": lambda stage: stage.users.set_disabled(
        OPERATOR, "alice", disabled=True
    ),
    "the user expires": lambda stage: stage.users.expire(OPERATOR, "alice", stage.clock.now() + 1),
    "the rule is removed": lambda stage: stage.rules.remove(OPERATOR, "all"),
    "the group is removed": lambda stage: stage.groups.remove(OPERATOR, "dev"),
    "the user leaves": lambda stage: stage.groups.leave(OPERATOR, "dev", ["alice"]),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_rights_end_at_once_on_every_worker(ending: Act) -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", None)
        await stage.groups.add(OPERATOR, "dev", ["alice"])
        await stage.add_rule("all", "group:dev", "pull", "**")
        others = [stage, stage.other_worker(), stage.other_worker()]
        for worker in others:
            assert await worker.may(ALICE, PULL, "team/app")
        await ending(stage)
        stage.later(0.001)
        for worker in others:
            assert not await worker.may(ALICE, PULL, "team/app")

    play(act)


def test_an_account_that_expires_while_nothing_changes_ends_then() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", None, expires_at=stage.clock.now() + 10_000_000)
        assert await stage.may(ALICE, PULL, "team/app")
        stage.later(9)
        assert await stage.may(ALICE, PULL, "team/app")
        stage.later(1)
        assert not await stage.may(ALICE, PULL, "team/app")
        assert "has expired" in await stage.why(ALICE, PULL, "team/app")

    play(act, rule("user:alice", "pull", "**"))


def test_a_decision_costs_one_look_until_something_changes() -> None:
    async def act(stage: Stage) -> None:
        asked: list[str] = []
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        stage.views._accounts = Asked(stage.views._accounts, asked)  # type: ignore[assignment]
        for _ in range(3):
            assert await stage.may(ALICE, PULL, "team/app")
        first = ["generation", "generation", "rules", "account", "groups_of"]
        assert asked == [*first, "generation"]
        await asyncio.sleep(0)
        assert await stage.may(ALICE, PULL, "team/app")
        assert asked == [*first, "generation", "generation"]

    play(act, rule("user:alice", "pull", "**"))


def test_many_who_ask_at_once_share_one_look_at_the_rules() -> None:
    async def act(stage: Stage) -> None:
        asked: list[str] = []
        await stage.add_rule("all", "user:alice", "pull", "**")
        stage.views._accounts = Asked(stage.views._accounts, asked)  # type: ignore[assignment]
        assert (
            await asyncio.gather(
                *(stage.may(ALICE, PULL, f"team/{number}") for number in range(50))
            )
            == [True] * 50
        )
        assert asked.count("rules") == 2  # a page, and the empty one behind it
        await stage.users.add(OPERATOR, "bob", None)
        assert await stage.may(ALICE, PULL, "team/x")
        assert asked.count("rules") == 2, "no rule has changed"

    play(act)


class Asked:
    """Notes which questions a driver is asked."""

    def __init__(self, inner: object, asked: list[str]) -> None:
        self._inner = inner
        self._asked = asked

    def __getattr__(self, name: str) -> object:
        self._asked.append(name)
        return getattr(self._inner, name)


def test_a_rule_that_cannot_be_read_allows_nothing_and_breaks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def act(stage: Stage) -> None:
        await stage.add_rule("good", "user:alice", "pull", "good/**")
        await stage.add_rule("newer", "user:alice", "pull", "x")
        stage.say("UPDATE access_rules SET repositories = '[\"?\"]' WHERE name = 'newer'")
        assert await stage.may(ALICE, PULL, "good/x")
        assert not await stage.may(ALICE, PULL, "x")

    play(act)
    assert "rule newer allows nothing" in caplog.text


def test_a_decision_is_kept_for_an_account_and_not_for_each_of_its_tokens() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        known = rules._GLOBS.bytes
        for number in range(100):
            limits = tuple(grant("pull", f"team/app-{number}-{scope}") for scope in range(200))
            for caller in (
                Caller("alice", Kind.USER, limits=limits, scoped=True),
                Caller(limits=limits, scoped=True),
            ):
                assert not await stage.may(caller, PULL, "team/app")
        view = await stage.views.current()
        assert len(view.decisions) == 2
        assert view.decisions.bytes < 4096
        assert rules._GLOBS.bytes == known

    play(act, rule("user:alice", "pull", "team/**"))
