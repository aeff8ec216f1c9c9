"""Who may still come in, where several know accounts."""

import asyncio

import pytest

from entrepot.errors import MetadataOutage
from entrepot.services.token_server.standing import AnyStanding, PasswordFileStanding


class Hashes:
    def __init__(self, hashes: dict[str, bytes]) -> None:
        self.hashes = hashes


class File:
    """A file of passwords, which can break."""

    def __init__(self, **hashes: bytes) -> None:
        self.content = Hashes(hashes)
        self.broken = False

    async def current(self) -> Hashes:
        if self.broken:
            raise MetadataOutage("the file cannot be read")
        return self.content


def mark(standing: AnyStanding | PasswordFileStanding, *arguments: str) -> str | None:
    return asyncio.run(standing.mark(*arguments))


def test_a_mark_is_another_one_with_another_password() -> None:
    file = File(alice=b"one", bob=b"two")
    standing = PasswordFileStanding(file)
    first = mark(standing, "alice")
    assert first
    assert first != mark(standing, "bob")
    file.content = Hashes({"alice": b"three"})
    assert mark(standing, "alice") not in (first, None)
    assert mark(standing, "bob") is None


def test_nobody_logs_into_a_file_with_a_personal_token() -> None:
    assert mark(PasswordFileStanding(File(alice=b"one")), "alice", "ABC") is None


def test_a_mark_tells_nothing_of_the_hash() -> None:
    assert "one" not in str(mark(PasswordFileStanding(File(alice=b"one")), "alice"))


def test_the_first_that_knows_an_account_decides() -> None:
    first, second = File(alice=b"one"), File(alice=b"two", bob=b"two")
    standing = AnyStanding([PasswordFileStanding(first), PasswordFileStanding(second)])
    assert mark(standing, "alice") == mark(PasswordFileStanding(first), "alice")
    assert mark(standing, "bob") == mark(PasswordFileStanding(second), "bob")
    assert mark(standing, "carol") is None


def test_one_that_cannot_tell_hinders_only_those_whom_nobody_else_knows() -> None:
    first, second = File(alice=b"one"), File(bob=b"two")
    standing = AnyStanding([PasswordFileStanding(first), PasswordFileStanding(second)])
    first.broken = True
    assert mark(standing, "bob")
    with pytest.raises(MetadataOutage):
        mark(standing, "alice")
