"""Refresh tokens: bound to an account and a service, kept as a hash, and they end."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.errors import InvalidRequest, Unauthenticated
from entrepot.ports.access import OPERATOR
from tests.unit.services.token_server.harness import PASSWORD, Node, read, run

DAY = 86400


async def refused(
    node: Node, token: str | None, scope: str = "", service: str | None = None
) -> None:
    with pytest.raises(Unauthenticated, match="refresh token"):
        await node.refresh(token, service=service)


def test_a_refresh_token_gets_tokens_of_other_scopes(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        first = await node.token(offline=True)
        again = await node.refresh(first.refresh_token, "repository:team/app:pull,push,delete")
        assert again.refresh_token == first.refresh_token
        assert again.account == "alice"
        assert [str(scope) for scope in again.scopes] == ["repository:team/app:pull,push"]
        assert await node.may(again.token, "push", "team/app")

    run(tmp_path, work)


def test_it_is_given_only_to_who_asks_for_it(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        assert (await node.token()).refresh_token is None
        assert (await node.token(name="", offline=True)).refresh_token is None

    run(tmp_path, work)


def test_it_is_not_given_for_a_personal_token(tmp_path: Path) -> None:
    """Or it would outlive that, and be wider."""

    async def work(node: Node) -> None:
        personal = (await node.tokens.add(OPERATOR, "alice", "laptop")).text
        robots = (await node.robots.add(OPERATOR, "ci")).text
        for name, secret in (("alice", personal), ("ci", robots)):
            assert (await node.token("", name, secret, offline=True)).refresh_token is None

    run(tmp_path, work)


def test_rules_hold_for_it_as_for_the_password(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        bobs = (await node.token("", "bob", offline=True)).refresh_token
        issued = await node.refresh(bobs, "repository:team/app:* repository:team/other:pull")
        assert [str(scope) for scope in issued.scopes] == ["repository:team/app:pull"]
        assert read(issued.token)["sub"] == "bob"

    run(tmp_path, work)


def test_it_is_good_for_its_service_alone(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        here = (await node.token(offline=True)).refresh_token
        there = (await node.token(offline=True, service="elsewhere")).refresh_token
        await refused(node, here, service="elsewhere")
        await refused(node, there)
        assert await node.refresh(there, service="elsewhere")
        with pytest.raises(InvalidRequest):
            await node.refresh(here, service="third")

    run(tmp_path, work, services=("elsewhere",))


@pytest.mark.parametrize("token", ["", "ent_ref_", "ent_ref_" + "A" * 43, "x" * 100_000, "\ud800"])
def test_what_is_no_refresh_token_is_refused(tmp_path: Path, token: str) -> None:
    async def work(node: Node) -> None:
        await refused(node, token)

    run(tmp_path, work)


def test_neither_an_access_token_nor_a_stored_hash_is_one(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        issued = await node.token(offline=True)
        (kept,) = await node.store.refresh_tokens("alice", "", 10)
        await refused(node, issued.token)
        await refused(node, kept.digest)
        assert issued.refresh_token is not None
        with pytest.raises(Unauthenticated):
            await node.caller(issued.refresh_token)
        with pytest.raises(Unauthenticated):
            await node.token("", "alice", issued.refresh_token)

    run(tmp_path, work)


@pytest.mark.parametrize("change", ["disable", "reset", "expire", "remove", "replace"])
def test_it_ends_with_its_account(tmp_path: Path, change: str) -> None:
    async def work(node: Node) -> None:
        token = (await node.token(offline=True)).refresh_token
        assert await node.refresh(token)
        node.clock.seconds += 0.001  # a mark is of the moment of a change
        if change == "disable":
            await node.users.set_disabled(OPERATOR, "alice", disabled=True)
        elif change == "reset":
            await node.users.reset(OPERATOR, "alice", PASSWORD)
        elif change == "expire":
            await node.users.expire(OPERATOR, "alice", node.clock.now())
        else:
            await node.users.remove(OPERATOR, "alice")
            if change == "replace":
                await node.add("alice")
        await refused(node, token)
        if change == "disable":
            await node.users.set_disabled(OPERATOR, "alice", disabled=False)
            await refused(node, token)

    run(tmp_path, work)


def test_it_can_be_taken_away(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        one = (await node.token(offline=True)).refresh_token
        other = (await node.token(offline=True)).refresh_token
        bobs = (await node.token("", "bob", offline=True)).refresh_token
        kept = await node.store.refresh_tokens("alice", "", 10)
        assert len(kept) == 2
        assert await node.store.revoke_refresh_tokens("alice") == 2
        await refused(node, one)
        await refused(node, other)
        assert await node.refresh(bobs)

    run(tmp_path, work)


def test_it_ends_when_it_is_not_used_for_long(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        used = (await node.token(offline=True)).refresh_token
        unused = (await node.token(offline=True)).refresh_token
        for _ in range(4):
            node.clock.seconds += 8 * DAY
            assert await node.refresh(used)
        await refused(node, unused)
        node.clock.seconds += 10 * DAY
        await refused(node, used)

    run(tmp_path, work, refreshlifetime=10 * DAY)


def test_those_that_have_ended_are_removed(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        for _ in range(3):
            await node.token(offline=True)
        node.clock.seconds += 11 * DAY
        await node.token(offline=True)
        assert len(await node.store.refresh_tokens("alice", "", 10)) == 1

    run(tmp_path, work, refreshlifetime=10 * DAY)


def test_the_database_does_not_have_it(tmp_path: Path) -> None:
    tokens: list[str] = []

    async def work(node: Node) -> None:
        issued = await node.token(offline=True)
        tokens.extend((str(issued.refresh_token), issued.token))

    run(tmp_path, work)
    with closing(sqlite3.connect(tmp_path / "metadata.db")) as database:
        written = "\n".join(database.iterdump())
    assert "ent_ref_" not in written
    for token in tokens:
        assert token not in written
        assert token.removeprefix("ent_ref_") not in written
