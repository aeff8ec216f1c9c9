"""Accounts, tokens, groups and rules are kept as they were given."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from operator import methodcaller
from pathlib import Path

import pytest

from entrepot.ports.access import Action, Grant, Kind
from entrepot.ports.accounts import (
    AccessWriter,
    Account,
    Accounts,
    Group,
    LastUse,
    NewAccount,
    NewToken,
    StoredRule,
)
from tests.contract.account_databases import ACCOUNTS, AccountsDatabase
from tests.contract.paging import all_pages

pytestmark = pytest.mark.anyio

GRANTS = (
    Grant(frozenset({Action.PULL, Action.PUSH}), ("team/**", "!team/secret")),
    Grant(frozenset({Action.DELETE}), ("{user}/*",)),
)
ALICE = NewAccount(
    name="alice",
    kind=Kind.USER,
    created_at=10,
    description="who does things",
    password_hash="$argon2id$…",
    admin=True,
    expires_at=99,
)
CI = NewAccount(name="ci", kind=Kind.ROBOT, created_at=11, owner="alice", grants=GRANTS)
RULE = StoredRule(
    name="developers",
    who=("user:alice", "authenticated"),
    may=(Action.PULL, Action.LIST),
    repositories=("team/**", "!team/x"),
    description="why",
    created_at=3,
)


@pytest.fixture(params=ACCOUNTS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AccountsDatabase]:
    database = ACCOUNTS[request.param](tmp_path)
    yield database
    database.close()


@pytest.fixture
def accounts(database: AccountsDatabase) -> Accounts:
    return database.open()


async def add(accounts: Accounts, *new: NewAccount) -> None:
    async def change(writer: AccessWriter) -> None:
        for account in new:
            assert await writer.add_account(account)

    await accounts.change(change)


def token(name: str, account: str = "alice", public_id: str = "") -> NewToken:
    return NewToken(
        public_id=public_id or f"id-{account}-{name}",
        account=account,
        name=name,
        secret_hash=b"new",
        created_at=5,
        limits=GRANTS,
        expires_at=77,
    )


async def test_an_account_is_found_as_it_was_made(accounts: Accounts) -> None:
    await add(accounts, ALICE, CI)
    alice, ci = await accounts.account("alice"), await accounts.account("ci")
    assert alice is not None
    assert ci is not None
    assert alice == Account(
        id=alice.id,
        name="alice",
        kind=Kind.USER,
        description="who does things",
        password_hash="$argon2id$…",
        password_changed_at=10,
        admin=True,
        expires_at=99,
        created_at=10,
    )
    assert ci == Account(
        id=ci.id,
        name="ci",
        kind=Kind.ROBOT,
        password_changed_at=11,
        owner="alice",
        grants=GRANTS,
        created_at=11,
    )
    assert await accounts.account("bob") is None


async def test_users_and_robots_share_one_space_of_names(accounts: Accounts) -> None:
    await add(accounts, ALICE)
    robot = NewAccount(name="alice", kind=Kind.ROBOT, created_at=12)
    assert not await accounts.change(lambda writer: writer.add_account(robot))
    found = await accounts.account("alice")
    assert found is not None
    assert found.kind is Kind.USER


async def test_users_and_robots_are_listed_apart_by_name_in_pages(accounts: Accounts) -> None:
    names = [f"u{number:02}" for number in range(7)]
    await add(
        accounts, *(NewAccount(name=n, kind=Kind.USER, created_at=1) for n in reversed(names))
    )
    await add(accounts, NewAccount(name="r", kind=Kind.ROBOT, created_at=1))
    users = await all_pages(partial(accounts.accounts, Kind.USER), "", lambda a: a.name, 3)
    assert [account.name for account in users] == names
    assert [account.name for account in await accounts.accounts(Kind.ROBOT, "", 9)] == ["r"]


async def test_an_id_is_not_given_again_with_the_name(accounts: Accounts) -> None:
    await add(accounts, ALICE, NewAccount(name="last", kind=Kind.USER, created_at=1))
    ids = []
    for name in ("last", "alice"):
        before = await accounts.account(name)
        assert before is not None
        assert await accounts.change(methodcaller("remove_account", name))
        await add(accounts, NewAccount(name=name, kind=Kind.USER, created_at=2))
        after = await accounts.account(name)
        assert after is not None
        ids += [before.id, after.id]
    assert len(set(ids)) == 4


async def test_what_an_account_is_can_be_changed(accounts: Accounts) -> None:
    await add(accounts, ALICE, CI)

    async def change(writer: AccessWriter) -> None:
        assert await writer.set_password("alice", "another", 20)
        assert await writer.set_disabled("alice", disabled=True)
        assert await writer.set_expiry("alice", None)
        assert not await writer.set_password("ci", "a robot has none", 20)
        assert not await writer.set_password("bob", "x", 20)
        assert not await writer.set_disabled("bob", disabled=True)
        assert not await writer.set_expiry("bob", 1)

    await accounts.change(change)
    alice = await accounts.account("alice")
    assert alice is not None
    assert (alice.password_hash, alice.password_changed_at) == ("another", 20)
    assert (alice.disabled, alice.expires_at) == (True, None)


async def test_an_account_goes_with_its_tokens_and_memberships(accounts: Accounts) -> None:
    await add(accounts, ALICE)

    async def change(writer: AccessWriter) -> None:
        await writer.add_token(token("laptop"))
        await writer.add_group(Group(name="team"))
        await writer.join_group("team", "alice", 1)
        assert await writer.remove_account("alice")
        assert not await writer.remove_account("alice")

    await accounts.change(change)
    assert await accounts.token("id-alice-laptop") is None
    assert await accounts.members("team", "", 9) == []
    await add(accounts, ALICE)
    assert await accounts.tokens("alice", "", 9) == []
    assert await accounts.groups_of("alice") == []


async def test_whether_there_is_any_user(accounts: Accounts) -> None:
    await add(accounts, NewAccount(name="ci", kind=Kind.ROBOT, created_at=1))
    assert not await accounts.has_users()
    await add(accounts, ALICE)
    assert await accounts.has_users()


async def test_robots_are_found_by_their_owner(accounts: Accounts) -> None:
    await add(accounts, ALICE, CI)
    assert await accounts.robots_of("alice", "", 9) == ["ci"]
    assert await accounts.robots_of("alice", "ci", 9) == []
    assert await accounts.robots_of("ci", "", 9) == []


async def test_a_token_is_found_as_it_was_made(accounts: Accounts) -> None:
    await add(accounts, ALICE, CI)
    assert await accounts.change(lambda writer: writer.add_token(token("laptop")))
    assert not await accounts.change(
        lambda writer: writer.add_token(token("laptop", public_id="other"))
    )
    assert await accounts.change(lambda writer: writer.add_token(token("laptop", "ci")))
    found = await accounts.token("id-alice-laptop")
    assert found is not None
    assert (found.account, found.kind, found.name) == ("alice", Kind.USER, "laptop")
    assert (found.secret_hash, found.old_secret_hash, found.old_until) == (b"new", None, None)
    assert (found.limits, found.expires_at, found.created_at) == (GRANTS, 77, 5)
    assert await accounts.token("other") is None
    robots = await accounts.token("id-ci-laptop")
    assert robots is not None
    assert robots.kind is Kind.ROBOT


async def test_tokens_are_listed_by_name_in_pages(accounts: Accounts) -> None:
    await add(accounts, ALICE, CI)
    for name in ("b", "a", "c"):
        await accounts.change(methodcaller("add_token", token(name)))
    await accounts.change(lambda writer: writer.add_token(token("z", "ci")))
    listed = await all_pages(partial(accounts.tokens, "alice"), "", lambda t: t.name, 2)
    assert [stored.name for stored in listed] == ["a", "b", "c"]


async def test_a_rotated_token_keeps_the_secret_before_until_a_moment(accounts: Accounts) -> None:
    await add(accounts, ALICE)

    async def change(writer: AccessWriter) -> None:
        await writer.add_token(token("laptop"))
        assert await writer.rotate_token("alice", "laptop", b"newer", 50, 40)
        assert not await writer.rotate_token("alice", "desktop", b"newer", 50, 40)

    await accounts.change(change)
    found = await accounts.token("id-alice-laptop")
    assert found is not None
    assert (found.secret_hash, found.old_secret_hash) == (b"newer", b"new")
    assert (found.old_until, found.rotated_at) == (50, 40)
    assert await accounts.change(lambda writer: writer.remove_token("alice", "laptop"))
    assert not await accounts.change(lambda writer: writer.remove_token("alice", "laptop"))


async def test_the_latest_use_is_kept_whatever_order_they_come_in(accounts: Accounts) -> None:
    await add(accounts, ALICE)
    await accounts.change(lambda writer: writer.add_token(token("laptop")))
    alice, laptop = await accounts.account("alice"), await accounts.token("id-alice-laptop")
    assert alice is not None
    assert laptop is not None
    late = LastUse(alice.id, laptop.id, 200, "10.0.0.2")
    early = LastUse(alice.id, None, 100, "10.0.0.1")
    gone = LastUse(12345, 12345, 300, "10.0.0.3")
    await accounts.change(lambda writer: writer.note_uses([late, early, gone]))
    alice, laptop = await accounts.account("alice"), await accounts.token("id-alice-laptop")
    assert alice is not None
    assert laptop is not None
    assert (alice.last_used_at, alice.last_used_from) == (200, "10.0.0.2")
    assert (laptop.last_used_at, laptop.last_used_from) == (200, "10.0.0.2")


async def test_groups_have_members_by_name(accounts: Accounts) -> None:
    async def change(writer: AccessWriter) -> None:
        for name in ("team", "all"):
            assert await writer.add_group(Group(name=name, description="why", created_at=4))
        assert not await writer.add_group(Group(name="team"))
        for member in ("bob", "alice"):
            assert await writer.join_group("team", member, 1)
        assert not await writer.join_group("team", "bob", 1)
        assert await writer.join_group("all", "bob", 1)

    await accounts.change(change)
    assert await accounts.group("team") == Group(name="team", description="why", created_at=4)
    assert await accounts.group("x") is None
    assert [group.name for group in await accounts.groups("", 9)] == ["all", "team"]
    assert [group.name for group in await accounts.groups("all", 9)] == ["team"]
    assert await all_pages(partial(accounts.members, "team"), "", str, 1) == ["alice", "bob"]
    assert sorted(await accounts.groups_of("bob")) == ["all", "team"]
    assert await accounts.change(lambda writer: writer.leave_group("team", "bob"))
    assert not await accounts.change(lambda writer: writer.leave_group("team", "bob"))
    assert await accounts.groups_of("bob") == ["all"]
    assert await accounts.change(lambda writer: writer.remove_group("team"))
    assert not await accounts.change(lambda writer: writer.remove_group("team"))
    assert await accounts.groups_of("alice") == []


async def test_rules_are_found_as_they_were_made(accounts: Accounts) -> None:
    assert await accounts.change(lambda writer: writer.add_rule(RULE))
    assert not await accounts.change(lambda writer: writer.add_rule(RULE))
    assert await accounts.rule("developers") == RULE
    assert await accounts.rule("x") is None
    assert await accounts.rules("", 9) == [RULE]
    assert await accounts.rules("developers", 9) == []
    assert await accounts.change(lambda writer: writer.remove_rule("developers"))
    assert not await accounts.change(lambda writer: writer.remove_rule("developers"))


Change = Callable[[AccessWriter], Awaitable[object]]
CHANGES: dict[str, Change] = {
    "an account is added": lambda writer: writer.add_account(
        NewAccount(name="new", kind=Kind.USER, created_at=1)
    ),
    "a password": lambda writer: writer.set_password("alice", "x", 2),
    "disabled": lambda writer: writer.set_disabled("alice", disabled=True),
    "expiry": lambda writer: writer.set_expiry("alice", 5),
    "an account is removed": lambda writer: writer.remove_account("bob"),
    "a token is rotated": lambda writer: writer.rotate_token("alice", "t", b"x", 1, 1),
    "a token is removed": lambda writer: writer.remove_token("alice", "t"),
    "a member joins": lambda writer: writer.join_group("team", "bob", 1),
    "a member leaves": lambda writer: writer.leave_group("team", "alice"),
    "a group is removed": lambda writer: writer.remove_group("team"),
    "a rule is added": lambda writer: writer.add_rule(
        StoredRule(name="x", who=("anonymous",), may=(Action.PULL,), repositories=("**",))
    ),
    "a rule is removed": lambda writer: writer.remove_rule("developers"),
}


OF_RULES = [CHANGES["a rule is added"], CHANGES["a rule is removed"]]


async def prepare(accounts: Accounts) -> None:
    await add(accounts, ALICE, NewAccount(name="bob", kind=Kind.USER, created_at=1))

    async def change(writer: AccessWriter) -> None:
        await writer.add_token(token("t"))
        await writer.add_group(Group(name="team"))
        await writer.join_group("team", "alice", 1)
        await writer.add_rule(RULE)

    await accounts.change(change)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_every_change_raises_the_number_for_every_process(
    database: AccountsDatabase, change: Change
) -> None:
    accounts, other = database.open(), database.open()
    await prepare(accounts)
    before = await other.generation()
    await accounts.change(change)
    after = await other.generation()
    assert after.number > before.number
    assert (after.rules > before.rules) == (change in OF_RULES)


async def test_a_change_that_fails_raises_nothing(accounts: Accounts) -> None:
    await prepare(accounts)
    before = await accounts.generation()

    async def change(writer: AccessWriter) -> None:
        await writer.set_disabled("alice", disabled=True)
        raise KeyError

    with pytest.raises(KeyError):
        await accounts.change(change)
    assert await accounts.generation() == before


async def test_noting_a_use_is_no_change(accounts: Accounts) -> None:
    await prepare(accounts)
    alice, stored = await accounts.account("alice"), await accounts.token("id-alice-t")
    assert alice is not None
    assert stored is not None
    before = await accounts.generation()
    await accounts.change(lambda writer: writer.note_uses([LastUse(alice.id, stored.id, 9, "x")]))
    assert await accounts.generation() == before
