"""Who may still come in, where several know accounts."""

import asyncio

import pytest

from entrepot.errors import MetadataOutage
from entrepot.services.token_server.security_stamps import AnyStamps, PasswordFileStamps


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


def mark(stamps: AnyStamps | PasswordFileStamps, *arguments: str) -> str | None:
    return asyncio.run(stamps.security_stamp(*arguments))


def test_a_mark_is_another_one_with_another_password() -> None:
    file = File(alice=b"one", bob=b"two")
    stamps = PasswordFileStamps(file)
    first = mark(stamps, "alice")
    assert first
    assert first != mark(stamps, "bob")
    file.content = Hashes({"alice": b"three"})
    assert mark(stamps, "alice") not in (first, None)
    assert mark(stamps, "bob") is None


def test_nobody_logs_into_a_file_with_a_personal_token() -> None:
    assert mark(PasswordFileStamps(File(alice=b"one")), "alice", "ABC") is None


def test_a_mark_tells_nothing_of_the_hash() -> None:
    assert "one" not in str(mark(PasswordFileStamps(File(alice=b"one")), "alice"))


def test_the_first_that_knows_an_account_decides() -> None:
    first, second = File(alice=b"one"), File(alice=b"two", bob=b"two")
    stamps = AnyStamps([PasswordFileStamps(first), PasswordFileStamps(second)])
    assert mark(stamps, "alice") == mark(PasswordFileStamps(first), "alice")
    assert mark(stamps, "bob") == mark(PasswordFileStamps(second), "bob")
    assert mark(stamps, "carol") is None


def test_one_that_cannot_tell_hinders_only_those_whom_nobody_else_knows() -> None:
    first, second = File(alice=b"one"), File(bob=b"two")
    stamps = AnyStamps([PasswordFileStamps(first), PasswordFileStamps(second)])
    first.broken = True
    assert mark(stamps, "bob")
    with pytest.raises(MetadataOutage):
        mark(stamps, "alice")
