import asyncio

import pytest

from entrepot.ports.access import OPERATOR
from entrepot.ports.accounts import Account
from tests.unit.services.access.stage import PASSWORD, Stage, stage
from tests.waiting import tries


async def alice(opened: Stage) -> Account:
    account = await opened.accounts.account("alice")
    assert account is not None
    return account


def test_uses_are_written_down_together() -> None:
    async def act(opened: Stage) -> None:
        opened.uses._delay = 3600.0
        await opened.users.add(OPERATOR, "alice", PASSWORD)
        token = await opened.tokens.add(OPERATOR, "alice", "laptop")
        await opened.login("alice", PASSWORD, "10.0.0.1")
        opened.later(5)
        await opened.login("alice", token.text, "10.0.0.2")
        before = await opened.accounts.generation()
        assert (await alice(opened)).last_used_at is None
        await opened.uses.write()
        stored = await opened.tokens.get("alice", "laptop")
        assert (stored.last_used_at, stored.last_used_from) == (opened.clock.now(), "10.0.0.2")
        found = await alice(opened)
        assert (found.last_used_at, found.last_used_from) == (opened.clock.now(), "10.0.0.2")
        assert await opened.accounts.generation() == before

    with stage() as opened:
        asyncio.run(act(opened))


def test_nobody_needs_to_ask_for_it() -> None:
    async def act(opened: Stage) -> None:
        opened.uses._delay = 0.01
        await opened.users.add(OPERATOR, "alice", PASSWORD)
        await opened.login("alice", PASSWORD, "10.0.0.1")
        for _ in tries("the use is not written down"):
            if (await alice(opened)).last_used_at is not None:
                break
            await asyncio.sleep(0.01)

    with stage() as opened:
        asyncio.run(act(opened))


def test_the_same_use_is_not_written_again_within_a_minute() -> None:
    async def act(opened: Stage) -> None:
        await opened.users.add(OPERATOR, "alice", PASSWORD)
        token = await opened.tokens.add(OPERATOR, "alice", "laptop")

        async def log_in(address: str) -> tuple[int | None, str | None]:
            await opened.login("alice", token.text, address)
            await opened.uses.write()
            stored = await opened.tokens.get("alice", "laptop")
            return stored.last_used_at, stored.last_used_from

        first = await log_in("10.0.0.1")
        opened.later(59)
        assert await log_in("10.0.0.1") == first
        second = await log_in("10.0.0.2")
        assert second == (opened.clock.now(), "10.0.0.2")
        opened.later(60)
        assert await log_in("10.0.0.2") == (opened.clock.now(), "10.0.0.2")

    with stage() as opened:
        asyncio.run(act(opened))


def test_a_database_that_fails_loses_the_uses_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def act(opened: Stage) -> None:
        await opened.users.add(OPERATOR, "alice", PASSWORD)
        await opened.login("alice", PASSWORD)
        await opened.uses.write()
        opened.say("ALTER TABLE accounts RENAME TO away")
        await opened.login("alice", PASSWORD, "10.0.0.9")
        await opened.uses.write()

    with stage() as opened:
        asyncio.run(act(opened))
    assert "last uses of 1 accounts are lost" in caplog.text
