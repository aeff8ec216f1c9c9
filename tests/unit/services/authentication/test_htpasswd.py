"""Passwords of a file: each paid for once, nobody told apart by time, a changed file at once."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from entrepot.config.htpasswd_file import HtpasswdContent
from entrepot.drivers.htpasswd import PasswordFile
from entrepot.errors import MetadataOutage, Unauthenticated
from entrepot.ports.access import BasicCredentials, BearerCredentials, Caller, Kind
from entrepot.services.authentication.htpasswd import (
    _NOBODY,
    HtpasswdAuthenticator,
    check_bcrypt,
)
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio


def hashed(password: str, cost: int = 4) -> bytes:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost))


class Fixed:
    """A file that the test changes by hand."""

    def __init__(self, **users: bytes) -> None:
        self.content = HtpasswdContent(dict(users))

    async def current(self) -> HtpasswdContent:
        return self.content


class Counting:
    """Compares as bcrypt does, and tells against which hashes."""

    def __init__(self) -> None:
        self.against: list[bytes] = []

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.against.append(hashed)
        return check_bcrypt(password, hashed)


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def file() -> Fixed:
    return Fixed(alice=hashed("alice's"), bob=hashed("bob's", 5))


@pytest.fixture
def users(file: Fixed, counting: Counting) -> Iterator[HtpasswdAuthenticator]:
    users = HtpasswdAuthenticator(file, counting)
    yield users
    users.close()


async def is_right(users: HtpasswdAuthenticator, name: str, password: str) -> bool:
    try:
        caller = await users.authenticate(BasicCredentials(name, password, "192.0.2.1"))
    except Unauthenticated:
        return False
    assert caller == Caller(name, Kind.USER)
    return True


async def test_a_password_is_right_for_its_user_only(users: HtpasswdAuthenticator) -> None:
    assert await is_right(users, "alice", "alice's")
    assert not await is_right(users, "alice", "bob's")
    assert not await is_right(users, "bob", "alice's")
    assert not await is_right(users, "carol", "alice's")
    assert not await is_right(users, "", "")


async def test_right_and_wrong_ones_are_paid_for_once(
    users: HtpasswdAuthenticator, counting: Counting
) -> None:
    for _ in range(20):
        assert await is_right(users, "alice", "alice's")
        assert not await is_right(users, "alice", "wrong")
        assert not await is_right(users, "nobody", "wrong")
    assert len(counting.against) == 3


async def test_the_same_one_at_once_is_paid_for_once(
    users: HtpasswdAuthenticator, counting: Counting
) -> None:
    assert all(await asyncio.gather(*(is_right(users, "alice", "alice's") for _ in range(50))))
    assert len(counting.against) == 1


async def test_an_unknown_user_is_compared_with_a_hash_of_the_file(
    users: HtpasswdAuthenticator, counting: Counting, file: Fixed
) -> None:
    for number in range(40):
        # Were it a known user's, this would be right.
        assert not await is_right(users, f"nobody{number}", "alice's")
    assert set(counting.against) == set(file.content.hashes.values())
    assert len(counting.against) == 40


async def test_and_always_with_the_same_one(
    users: HtpasswdAuthenticator, counting: Counting
) -> None:
    for number in range(10):
        await is_right(users, "nobody", f"{number}")
    assert len(set(counting.against)) == 1


async def test_an_empty_file_costs_as_much() -> None:
    users = HtpasswdAuthenticator(Fixed(), check_bcrypt)
    started = time.perf_counter()
    assert not await is_right(users, "anybody", "x")
    assert time.perf_counter() - started > 0.01
    assert _NOBODY.startswith(b"$2b$10$")
    users.close()


async def test_another_file_is_asked_anew(users: HtpasswdAuthenticator, file: Fixed) -> None:
    assert await is_right(users, "alice", "alice's")
    assert not await is_right(users, "alice", "new")
    file.content = HtpasswdContent({"alice": hashed("new")})
    assert not await is_right(users, "alice", "alice's")
    assert await is_right(users, "alice", "new")


async def test_what_was_compared_with_the_old_file_says_nothing_of_the_new(
    file: Fixed, counting: Counting
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def slowly(password: bytes, against: bytes) -> bool:
        begun.set()
        may_go_on.wait(PATIENCE)
        return counting(password, against)

    users = HtpasswdAuthenticator(file, slowly)
    first = asyncio.create_task(is_right(users, "alice", "alice's"))
    assert await asyncio.to_thread(begun.wait, PATIENCE)
    file.content = HtpasswdContent({"alice": hashed("new")})
    second = asyncio.create_task(is_right(users, "alice", "alice's"))
    await asyncio.sleep(0)
    may_go_on.set()
    assert await first  # it was asked before
    assert not await second
    assert not await is_right(users, "alice", "alice's")
    users.close()


async def test_bcrypt_looks_at_72_bytes_as_everywhere(counting: Counting) -> None:
    long = "x" * 72
    users = HtpasswdAuthenticator(Fixed(alice=hashed(long)), counting)
    assert await is_right(users, "alice", long + "and more")
    assert not await is_right(users, "alice", long[:-1])
    users.close()


@pytest.mark.parametrize("password", ["nul\0inside", "\ud800", "", "ü" * 100])
async def test_no_password_is_more_than_wrong(users: HtpasswdAuthenticator, password: str) -> None:
    assert not await is_right(users, "alice", password)


async def test_the_loop_goes_on_while_a_password_is_checked(file: Fixed) -> None:
    users = HtpasswdAuthenticator(Fixed(alice=hashed("alice's", 12)), check_bcrypt)
    turns = 0
    for password in ("alice's", "another", "a third"):
        login = asyncio.create_task(is_right(users, "alice", password))
        while not login.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert await login is (password == "alice's")
    assert turns > 20  # two or three each, were it held up
    users.close()


async def test_tokens_of_accounts_are_not_compared(file: Fixed, counting: Counting) -> None:
    users = HtpasswdAuthenticator(file, counting, lambda secret: secret.startswith("ent_"))
    assert not await is_right(users, "alice", "ent_pat_x")
    assert counting.against == []
    users.close()


async def test_a_token_is_nobodys_password(users: HtpasswdAuthenticator) -> None:
    with pytest.raises(Unauthenticated):
        await users.authenticate(BearerCredentials("alice's"))


async def test_a_file_that_changes_is_read_within_a_second(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_bytes(b"alice:" + hashed("old"))
    users = HtpasswdAuthenticator(PasswordFile(path), check_bcrypt)
    assert await is_right(users, "alice", "old")
    path.write_bytes(b"alice:" + hashed("new"))
    running = 0.0  # while the machine has time for this test: a turn takes a hundredth
    while await is_right(users, "alice", "old"):
        assert running < 1
        before = time.monotonic()
        await asyncio.sleep(0.01)
        running += min(time.monotonic() - before, 0.02)
    assert await is_right(users, "alice", "new")
    users.close()


async def test_a_file_that_is_gone_lets_nobody_in_and_is_taken_again(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_bytes(b"alice:" + hashed("alice's"))
    users = HtpasswdAuthenticator(PasswordFile(path), check_bcrypt)
    assert await is_right(users, "alice", "alice's")
    path.rename(tmp_path / "elsewhere")
    await asyncio.sleep(0.5)
    with pytest.raises(MetadataOutage):
        await is_right(users, "alice", "alice's")
    (tmp_path / "elsewhere").rename(path)
    assert await is_right(users, "alice", "alice's")
    users.close()


async def test_a_broken_file_does_not_replace_the_one_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "htpasswd"
    path.write_bytes(b"alice:" + hashed("alice's"))
    users = HtpasswdAuthenticator(PasswordFile(path), check_bcrypt)
    assert await is_right(users, "alice", "alice's")
    path.write_bytes(b"# a comment\nno colon, but hunter2\n")
    await asyncio.sleep(0.8)
    assert await is_right(users, "alice", "alice's")
    await asyncio.sleep(0.5)
    assert await is_right(users, "alice", "alice's")
    assert "line 2 is not NAME:HASH" in caplog.text
    assert "hunter2" not in caplog.text
    users.close()
