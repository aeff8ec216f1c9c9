"""Logging in: with what, and with what not."""

import asyncio
import time
import unicodedata
from collections.abc import Awaitable, Callable

import pytest

from entrepot.errors import Unauthenticated
from entrepot.ports.access import OPERATOR, BearerCredentials, Caller, Kind
from entrepot.services.access import verified
from entrepot.services.access.passwords import Passwords
from entrepot.services.access.token_text import TokenText
from entrepot.services.access.verified import VerifiedPasswords
from tests.unit.services.access.stage import PASSWORD, Stage, grant, stage

Act = Callable[[Stage], Awaitable[object]]


def play(act: Act) -> None:
    async def run(opened: Stage) -> None:
        await act(opened)

    with stage() as opened:
        asyncio.run(run(opened))


async def refused(login: Awaitable[Caller]) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await login
    return caught.value.message


def test_a_user_logs_in_with_the_password_and_nothing_else() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        assert await stage.login("alice", PASSWORD) == Caller("alice", Kind.USER)
        for wrong in ("", "x", PASSWORD.upper(), PASSWORD + " ", PASSWORD + "\0", "alice"):
            await refused(stage.login("alice", wrong))

    play(act)


def test_a_password_is_the_same_however_its_accents_are_composed() -> None:
    async def act(stage: Stage) -> None:
        password = "pâté en croûte"
        await stage.users.add(OPERATOR, "alice", unicodedata.normalize("NFC", password))
        caller = Caller("alice", Kind.USER)
        assert await stage.login("alice", unicodedata.normalize("NFD", password)) == caller

    play(act)


@pytest.mark.parametrize(
    "name",
    ["", "bob", "Alice", "alice ", "alice\0", "аlice", "ａlice", "\ud800", "a" * 9000],  # noqa: RUF001
)
def test_no_other_name_is_alices(name: str) -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        token = await stage.tokens.add(OPERATOR, "alice", "laptop")
        await refused(stage.login(name, PASSWORD))
        await refused(stage.login(name, token.text))

    play(act)


def test_every_refusal_says_the_same() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        await stage.users.add(OPERATOR, "gone", PASSWORD)
        await stage.users.set_disabled(OPERATOR, "gone", disabled=True)
        await stage.users.add(OPERATOR, "old", PASSWORD, expires_at=stage.clock.now() + 1)
        await stage.users.add(OPERATOR, "tokens-only", None)
        await stage.robots.add(OPERATOR, "ci")
        stage.later(2)
        said = {
            await refused(stage.login("alice", "wrong password")),
            await refused(stage.login("nobody", PASSWORD)),
            await refused(stage.login("gone", PASSWORD)),
            await refused(stage.login("old", PASSWORD)),
            await refused(stage.login("tokens-only", PASSWORD)),
            await refused(stage.login("ci", PASSWORD)),
            await refused(stage.login("alice", TokenText.make(Kind.USER).text)),
        }
        assert len(said) == 1

    play(act)


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        await stage.users.add(OPERATOR, "gone", PASSWORD)
        await stage.users.set_disabled(OPERATOR, "gone", disabled=True)
        await stage.users.add(OPERATOR, "tokens-only", None)
        names = ["alice", "nobody", "No Name", "gone", "tokens-only", "ci"]
        took: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(9):
            for name in names:  # in turns, so that a busy machine is busy for all of them
                begin = time.thread_time_ns() + _other_threads()
                await refused(stage.login(name, f"guess {turn}"))
                took[name].append(time.thread_time_ns() + _other_threads() - begin)
        typical = {name: sorted(times)[len(times) // 2] for name, times in took.items()}
        assert max(typical.values()) < 1.5 * min(typical.values()), typical

    play(act)


def _other_threads() -> int:
    """Processor time of the whole process but this thread: where passwords are hashed."""
    return time.process_time_ns() - time.thread_time_ns()


def test_a_new_password_ends_the_old_one() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        other = stage.other_worker()
        await stage.login("alice", PASSWORD)
        await other.login("alice", PASSWORD)
        await refused(stage.login("alice", "another one"))
        await stage.users.reset(OPERATOR, "alice", "another one")
        for worker in (stage, other):
            await refused(worker.login("alice", PASSWORD))
            assert await worker.login("alice", "another one") == Caller("alice", Kind.USER)

    play(act)


def test_tokens_log_in_their_own_account_with_their_limits() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        await stage.users.add(OPERATOR, "bob", PASSWORD)
        limits = (grant("pull", "team/**"),)
        token = await stage.tokens.add(OPERATOR, "alice", "laptop", limits=limits)
        robots = await stage.robots.add(OPERATOR, "ci", grants=[grant("pull", "**")])
        assert await stage.login("alice", token.text) == Caller("alice", Kind.USER, limits=limits)
        assert await stage.login("ci", robots.text) == Caller("ci", Kind.ROBOT)
        await refused(stage.login("bob", token.text))
        await refused(stage.login("", token.text))
        await refused(stage.login("ci", token.text))
        await refused(stage.login("alice", robots.text))
        bearer = await stage.authenticator.authenticate(BearerCredentials(token.text))
        assert bearer == Caller("alice", Kind.USER, limits=limits)
        await refused(stage.authenticator.authenticate(BearerCredentials("eyJhbGciOiJub25lIn0..")))

    play(act)


def test_a_token_of_one_kind_with_the_id_of_another_is_refused() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        token = await stage.tokens.add(OPERATOR, "alice", "laptop")
        for forged in (
            TokenText.make(Kind.ROBOT, token.public_id),
            TokenText.make(Kind.USER, token.public_id),
        ):
            await refused(stage.login("alice", forged.text))
            await refused(stage.authenticator.authenticate(BearerCredentials(forged.text)))
        # What looks like a token is never compared with a password.
        assert stage.passwords._under_way == 0

    play(act)


ENDINGS: dict[str, Act] = {
    "it is removed": lambda stage: stage.tokens.remove(OPERATOR, "alice", "laptop"),
    "it is replaced": lambda stage: stage.tokens.rotate(OPERATOR, "alice", "laptop", 0),
    "its user is disabled": lambda stage: stage.users.set_disabled(
        OPERATOR, "alice", disabled=True
    ),
    "its user expires": lambda stage: stage.users.expire(OPERATOR, "alice", stage.clock.now() + 1),
    "its user is removed": lambda stage: stage.users.remove(OPERATOR, "alice"),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_a_token_ends_at_once_on_every_worker(ending: Act) -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        token = await stage.tokens.add(OPERATOR, "alice", "laptop")
        workers = [stage, stage.other_worker()]
        for worker in workers:
            await worker.login("alice", token.text)
        await ending(stage)
        stage.later(0.001)
        for worker in workers:
            await refused(worker.login("alice", token.text))

    play(act)


OWNERS: dict[str, Act] = {
    "disabled": lambda stage: stage.users.set_disabled(OPERATOR, "alice", disabled=True),
    "expired": lambda stage: stage.users.expire(OPERATOR, "alice", stage.clock.now() + 1),
}


@pytest.mark.parametrize("ending", OWNERS.values(), ids=OWNERS)
def test_a_robot_cannot_log_in_when_its_owner_cannot(ending: Act) -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        token = await stage.robots.add(OPERATOR, "ci", owner="alice", grants=[grant("pull", "**")])
        await stage.login("ci", token.text)
        await ending(stage)
        stage.later(1)
        await refused(stage.login("ci", token.text))

    play(act)


def test_a_robots_owner_who_expires_while_nothing_changes_ends_its_tokens() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD, expires_at=stage.clock.now() + 5_000_000)
        token = await stage.robots.add(OPERATOR, "ci", owner="alice")
        await stage.login("ci", token.text)
        stage.later(5)
        await refused(stage.login("ci", token.text))

    play(act)


def test_a_token_is_good_until_the_moment_it_expires() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        end = stage.clock.now() + 10_000_000
        token = await stage.tokens.add(OPERATOR, "alice", "laptop", expires_at=end)
        stage.later(9.999)
        await stage.login("alice", token.text)
        stage.clock.forward(0.001)
        await refused(stage.login("alice", token.text))

    play(act)


def test_a_replaced_token_overlaps_with_the_new_one_as_long_as_was_said() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        first = await stage.tokens.add(OPERATOR, "alice", "laptop")
        await stage.login("alice", first.text)
        second = await stage.tokens.rotate(OPERATOR, "alice", "laptop", 60)
        stage.later(59)
        assert await stage.login("alice", first.text) == await stage.login("alice", second.text)
        third = await stage.tokens.rotate(OPERATOR, "alice", "laptop", 60)
        stage.later(1)
        await refused(stage.login("alice", first.text))
        await stage.login("alice", second.text)
        await stage.login("alice", third.text)
        stage.later(59)
        await refused(stage.login("alice", second.text))
        await stage.login("alice", third.text)

    play(act)


def test_a_user_made_after_a_vain_login_can_log_in_at_once() -> None:
    async def act(stage: Stage) -> None:
        await refused(stage.login("alice", PASSWORD))
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        assert await stage.login("alice", PASSWORD) == Caller("alice", Kind.USER)

    play(act)


def test_a_password_is_checked_once_for_all_who_ask_at_once_and_seldom_again() -> None:
    async def run() -> None:
        passwords, now, checked = Passwords(), 0.0, []
        stored = await passwords.hash(PASSWORD)

        async def verify(password_hash: str, password: str) -> bool:
            checked.append(password)
            return await passwords.verify(password_hash, password)

        known = VerifiedPasswords(verify, lambda: now)
        assert (
            await asyncio.gather(*(known.check("a", PASSWORD, stored) for _ in range(9)))
            == [True] * 9
        )
        assert not any(await asyncio.gather(*(known.check("a", "x", stored) for _ in range(9))))
        assert checked == [PASSWORD, "x"]
        now = verified.WRONG_SECONDS
        assert await known.check("a", PASSWORD, stored)
        assert not await known.check("a", "x", stored)
        assert checked == [PASSWORD, "x", "x"]
        now = verified.RIGHT_SECONDS
        assert await known.check("a", PASSWORD, stored)
        assert checked == [PASSWORD, "x", "x", PASSWORD]
        # Another hash of the same password is another fact.
        assert await known.check("a", PASSWORD, await passwords.hash(PASSWORD))
        assert len(checked) == 5
        passwords.close()

    asyncio.run(run())


def test_whoever_gives_up_waiting_spoils_it_for_nobody() -> None:
    async def run() -> None:
        passwords = Passwords()
        stored = await passwords.hash(PASSWORD)
        known = VerifiedPasswords(passwords.verify)
        waiting = [asyncio.create_task(known.check("a", PASSWORD, stored)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        assert await asyncio.gather(*waiting[1:]) == [True, True]
        passwords.close()

    asyncio.run(run())


def test_no_secret_is_kept_in_the_memory_of_checked_ones() -> None:
    async def act(stage: Stage) -> None:
        await stage.users.add(OPERATOR, "alice", PASSWORD)
        token = await stage.tokens.add(OPERATOR, "alice", "laptop")
        await stage.login("alice", PASSWORD)
        await stage.login("alice", token.text)
        kept = repr((vars(stage.authenticator), vars(stage.authenticator._verified)))
        kept += repr(stage.authenticator._verified._right.__dict__)
        kept += repr(stage.authenticator._logins._kept)
        assert PASSWORD not in kept
        assert token.text[21:] not in kept

    play(act)
