"""What must hold for any rules, any limits, any credentials."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.config.access import RuleSettings
from entrepot.errors import Unauthenticated
from entrepot.ports.access import (
    ANONYMOUS,
    OPERATOR,
    Action,
    BearerCredentials,
    Caller,
    Grant,
    Kind,
)
from entrepot.services.access.token_text import TokenText
from tests.unit.oci.strategies import anything
from tests.unit.services.access.stage import PASSWORD, Stage, stage
from tests.unit.services.access.test_rules import NAMES, PATTERNS, rules

grants = st.builds(
    Grant,
    st.frozensets(st.sampled_from(Action), min_size=1),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2).map(tuple),
)
limits = st.lists(grants, max_size=3).map(tuple)
ACTIONS = [Action.PULL, Action.PUSH, Action.LIST]


async def rights(opened: Stage, caller: Caller) -> set[tuple[Action, str]]:
    return {
        (action, name)
        for action in ACTIONS
        for name in NAMES
        if await opened.may(caller, action, name)
    }


@settings(max_examples=40, deadline=None)
@given(st.lists(rules, max_size=6), limits, limits)
def test_nothing_that_narrows_ever_widens(
    configured: list[RuleSettings], token: tuple[Grant, ...], granted: tuple[Grant, ...]
) -> None:
    async def act(opened: Stage) -> None:
        await opened.users.add(OPERATOR, "alice", None)
        await opened.groups.add(OPERATOR, "g", ["alice"])
        await opened.robots.add(OPERATOR, "r", owner="alice", grants=granted)
        await opened.robots.add(OPERATOR, "free", grants=granted)
        public = await rights(opened, ANONYMOUS)
        alice = Caller("alice", Kind.USER)
        own = await rights(opened, alice)
        assert public <= own
        limited = await rights(opened, Caller("alice", Kind.USER, limits=token))
        assert public <= limited <= own
        robot = await rights(opened, Caller("r", Kind.ROBOT))
        assert public <= robot <= own
        free = await rights(opened, Caller("free", Kind.ROBOT))
        twice = await rights(opened, Caller("free", Kind.ROBOT, limits=token))
        assert public <= twice <= free
        for caller, mine in ((alice, own), (Caller("r", Kind.ROBOT), robot), (ANONYMOUS, public)):
            reach = await opened.access.reach(caller, Action.LIST)
            seen = {name.partition("/")[0] for action, name in mine if action is Action.LIST}
            assert reach is None or seen <= reach
        await opened.users.set_disabled(OPERATOR, "alice", disabled=True)
        assert await rights(opened, alice) == public
        assert await rights(opened, Caller("r", Kind.ROBOT)) == public

    with stage(*configured) as opened:
        asyncio.run(act(opened))


names = st.one_of(anything, st.sampled_from(["alice", "ci", "Alice", "alice\0", ""]))
secrets = st.one_of(
    anything,
    anything.map(lambda text: f"ent_pat_{text}"),
    anything.map(lambda text: f"ent_bot_{text}"),
    st.builds(lambda kind: TokenText.make(kind).text, st.sampled_from([Kind.USER, Kind.ROBOT])),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(names, secrets), min_size=1, max_size=4))
def test_whatever_is_sent_is_refused_and_breaks_nothing(sent: list[tuple[str, str]]) -> None:
    async def act(opened: Stage) -> None:
        await opened.users.add(OPERATOR, "alice", PASSWORD)
        await opened.robots.add(OPERATOR, "ci")
        for name, secret in sent:
            for attempt in (
                opened.login(name, secret),
                opened.authenticator.authenticate(BearerCredentials(secret)),
            ):
                try:
                    caller = await attempt
                except Unauthenticated:
                    continue
                raise AssertionError(f"{name!r} came in as {caller} with {secret!r}")

    with stage() as opened:
        asyncio.run(act(opened))
