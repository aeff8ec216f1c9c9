import asyncio
import re

import pytest

from entrepot.errors import InvalidRequest, Overloaded
from entrepot.ports.access import Kind
from entrepot.services.access.argon2id import NOBODYS_HASH
from entrepot.services.access.passwords import Passwords, check_password, random_password
from entrepot.services.access.token_text import TokenText


def test_a_hash_is_argon2id_with_the_parameters_that_were_chosen_and_a_salt_of_its_own() -> None:
    async def run() -> None:
        passwords = Passwords()
        first, second = await passwords.hash("secret"), await passwords.hash("secret")
        passwords.close()
        assert first.startswith("$argon2id$v=19$m=7168,t=5,p=1$")
        assert first != second
        # The hash that unknown names are checked against costs as much.
        form = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$[^$]{22}\$[^$]{43}")
        known, nobodys = form.fullmatch(first), form.fullmatch(NOBODYS_HASH)
        assert known
        assert nobodys
        assert known.groups() == nobodys.groups()

    asyncio.run(run())


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$m=7168,t=5,p=1$x", NOBODYS_HASH])
def test_what_is_no_hash_is_nobodys_password(stored: str) -> None:
    async def run() -> None:
        passwords = Passwords()
        assert not await passwords.verify(stored, "secret")
        assert not await passwords.verify(stored, "")
        passwords.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", "characters"),
        ("1234567", "characters"),
        ("x" * 1025, "characters"),
        ("alice.longname", "must differ from the name"),
        ("with\nnewline", "control"),
        ("with\0null...", "control"),
        (TokenText.make(Kind.USER).text, "tokens do"),
        ("ent_bot_whatever", "tokens do"),
    ],
)
def test_what_can_be_no_password_is_refused_and_not_repeated(password: str, expected: str) -> None:
    with pytest.raises(InvalidRequest, match=expected) as refused:
        check_password("alice.longname", password)
    assert len(password) < 9 or password not in refused.value.message


def test_a_random_password_is_one_and_another_each_time() -> None:
    made = {random_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        assert check_password("admin", password) == password
        assert len(password) == 24


def test_only_so_many_wait_and_the_others_are_told_to_come_again() -> None:
    async def run() -> None:
        passwords = Passwords(waiting=3)
        several = [passwords.hash(f"{number}") for number in range(5)]
        outcomes = await asyncio.gather(*several, return_exceptions=True)
        assert [isinstance(outcome, Overloaded) for outcome in outcomes] == [False] * 3 + [True] * 2
        assert await passwords.hash("x")
        passwords.close()

    asyncio.run(run())
