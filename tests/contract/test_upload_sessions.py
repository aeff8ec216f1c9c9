import asyncio
from dataclasses import replace
from functools import partial

import pytest

from entrepot.errors import UnknownUpload, UploadBusy
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import UploadState
from entrepot.ports.uploads import UploadSession, UploadSessions
from tests.contract.databases import SessionsDatabase
from tests.contract.paging import all_pages

pytestmark = pytest.mark.anyio

SECOND = 1_000_000


def session(
    upload_id: str = "u", started_at: int = 0, progress: bytes = b"", owner: str = ""
) -> UploadSession:
    state = UploadState(upload_id, "sha256", 0, progress)
    return UploadSession(RepositoryName("team/app"), owner, state, started_at)


def further(state: UploadState, received: int) -> UploadState:
    return replace(state, received=received, progress=bytes([received % 256]) * 100)


@pytest.mark.parametrize(
    "new",
    [
        session(),
        session("0f" * 16, 2**60),
        session(owner="Élodie <é@x>"),
        session(progress=bytes(range(256)) * 4),
        UploadSession(RepositoryName("a"), "o", UploadState("u", "sha512", 2**62, b"\x00"), 1),
    ],
)
async def test_a_session_is_found_as_it_was_created(
    session_database: SessionsDatabase, sessions: UploadSessions, new: UploadSession
) -> None:
    await sessions.create(new)
    assert await sessions.get(new.id) == new
    assert await session_database.open().get(new.id) == new


async def test_an_unknown_session_is_not_found_and_not_claimed(sessions: UploadSessions) -> None:
    await sessions.create(session("other"))
    assert await sessions.get("u") is None
    with pytest.raises(UnknownUpload):
        await sessions.claim("u", "one", 0, SECOND)


async def test_a_claim_shuts_others_out_until_it_is_released(
    session_database: SessionsDatabase, sessions: UploadSessions
) -> None:
    await sessions.create(session())
    claimed = await sessions.claim("u", "one", 10, SECOND)
    assert claimed == session()
    with pytest.raises(UploadBusy):
        await session_database.open().claim("u", "two", 20, SECOND)
    state = further(claimed.state, 100)
    assert await sessions.release(state, "one", 30)
    assert (await session_database.open().claim("u", "two", 40, SECOND)).state == state


async def test_a_claim_ends_by_itself_with_its_lease(sessions: UploadSessions) -> None:
    await sessions.create(session())
    await sessions.claim("u", "one", 0, SECOND)
    with pytest.raises(UploadBusy):
        await sessions.claim("u", "two", SECOND - 1, 2 * SECOND)
    assert (await sessions.claim("u", "two", SECOND, 2 * SECOND)).state == session().state


async def test_renewing_keeps_the_newest_state_and_the_claim(sessions: UploadSessions) -> None:
    await sessions.create(session())
    state = (await sessions.claim("u", "one", 0, SECOND)).state
    for second in range(1, 4):
        state = further(state, second * 100)
        now = second * SECOND - 1
        assert await sessions.renew(state, "one", now, now + SECOND)
        found = await sessions.get("u")
        assert found is not None
        assert found.state == state
        with pytest.raises(UploadBusy):
            await sessions.claim("u", "two", now + SECOND - 1, now + 9 * SECOND)


async def test_a_claim_that_another_took_over_can_change_nothing_any_more(
    sessions: UploadSessions,
) -> None:
    await sessions.create(session())
    state = (await sessions.claim("u", "one", 0, SECOND)).state
    await sessions.claim("u", "two", 2 * SECOND, 3 * SECOND)
    newest = further(state, 500)
    assert await sessions.renew(newest, "two", 2 * SECOND, 4 * SECOND)
    assert not await sessions.renew(further(state, 7), "one", 2 * SECOND, 9 * SECOND)
    assert not await sessions.release(further(state, 8), "one", 2 * SECOND)
    await sessions.finish("u", "one")
    found = await sessions.get("u")
    assert found is not None
    assert found.state == newest
    with pytest.raises(UploadBusy):
        await sessions.claim("u", "three", 4 * SECOND - 1, 9 * SECOND)


async def test_without_a_claim_nothing_is_kept(sessions: UploadSessions) -> None:
    await sessions.create(session())
    state = further(session().state, 1)
    assert not await sessions.renew(state, "one", 0, SECOND)
    assert not await sessions.release(state, "one", 0)
    await sessions.finish("u", "one")
    assert await sessions.get("u") == session()


async def test_a_released_claim_is_lost(sessions: UploadSessions) -> None:
    await sessions.create(session())
    state = (await sessions.claim("u", "one", 0, SECOND)).state
    assert await sessions.release(state, "one", 1)
    assert not await sessions.renew(further(state, 1), "one", 2, SECOND)
    assert not await sessions.release(further(state, 2), "one", 3)
    assert await sessions.get("u") == session()


async def test_a_finished_session_is_forgotten(
    session_database: SessionsDatabase, sessions: UploadSessions
) -> None:
    await sessions.create(session())
    await sessions.create(session("stays"))
    state = (await sessions.claim("u", "one", 0, SECOND)).state
    await sessions.finish("u", "one")
    await sessions.finish("u", "one")
    assert await session_database.open().get("u") is None
    assert not await sessions.renew(state, "one", 1, SECOND)
    with pytest.raises(UnknownUpload):
        await sessions.claim("u", "two", 1, SECOND)
    assert await sessions.get("stays") == session("stays")


async def test_of_many_claims_at_once_one_wins(
    session_database: SessionsDatabase, sessions: UploadSessions
) -> None:
    await sessions.create(session())
    instances = [sessions, session_database.open(), session_database.open()]
    outcomes = await asyncio.gather(
        *(instances[number % 3].claim("u", f"h{number}", 0, SECOND) for number in range(60)),
        return_exceptions=True,
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, UploadSession)]
    assert winners == [session()]
    assert sum(isinstance(outcome, UploadBusy) for outcome in outcomes) == 59


async def test_a_start_lets_go_of_every_claim_and_tells_how_many(sessions: UploadSessions) -> None:
    for number in range(5):
        await sessions.create(session(f"u{number}"))
    state = (await sessions.claim("u0", "one", 0, SECOND)).state
    await sessions.claim("u1", "two", 0, SECOND)
    await sessions.claim("u2", "three", 0, SECOND)
    await sessions.release((await sessions.claim("u3", "four", 0, SECOND)).state, "four", 1)
    assert await sessions.release_all() == 3
    assert await sessions.release_all() == 0
    assert not await sessions.renew(further(state, 1), "one", 2, SECOND)
    for number in range(5):
        await sessions.claim(f"u{number}", "new", 3, SECOND)


async def test_the_claims_of_some_holders_are_let_go(sessions: UploadSessions) -> None:
    holders = ["worker-1/a-1", "worker-1/b-7", "worker-10/a-1", "worker-%/a-1", "worker-1"]
    for holder in holders:
        await sessions.create(session(holder))
        await sessions.claim(holder, holder, 0, SECOND)
    assert await sessions.release_all("worker-1/") == 2
    for holder in holders[:2]:
        await sessions.claim(holder, "new", 1, SECOND)
    for holder in holders[2:]:
        with pytest.raises(UploadBusy):
            await sessions.claim(holder, "new", 1, SECOND)


async def test_idle_sessions_are_those_untouched_and_unclaimed(sessions: UploadSessions) -> None:
    for number in range(6):
        await sessions.create(session(f"u{number}", started_at=0))
    await sessions.create(session("young", started_at=9 * SECOND))
    await sessions.claim("u0", "ended long ago", SECOND, 2 * SECOND)
    await sessions.claim("u1", "still writing", SECOND, 20 * SECOND)
    state = (await sessions.claim("u2", "released", SECOND, 20 * SECOND)).state
    await sessions.release(state, "released", 2 * SECOND)
    state = (await sessions.claim("u3", "released lately", SECOND, 20 * SECOND)).state
    await sessions.release(state, "released lately", 9 * SECOND)
    state = (await sessions.claim("u4", "renewed lately", SECOND, 20 * SECOND)).state
    await sessions.renew(state, "renewed lately", 9 * SECOND, 10 * SECOND)
    idle = await sessions.idle_since(5 * SECOND, "", 100)
    assert [found.id for found in idle] == ["u0", "u2", "u5"]
    assert idle[2] == session("u5")


async def test_idle_sessions_come_in_pages_by_id(sessions: UploadSessions) -> None:
    ids = sorted(f"{number * 7919 % 1000:03}" for number in range(25))
    for upload_id in reversed(ids):
        await sessions.create(session(upload_id))
    found = await all_pages(partial(sessions.idle_since, SECOND), "", lambda idle: idle.id, 10)
    assert [idle.id for idle in found] == ids
    assert [idle.id for idle in await sessions.idle_since(SECOND, "500x", 2)] == [
        upload_id for upload_id in ids if upload_id > "500x"
    ][:2]
    assert await sessions.idle_since(SECOND, "", 0) == []
