"""Passwords in a process of their own: it answers, it ends, and nothing depends on it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.operations import password_process
from entrepot.operations.password_process import PasswordProcess
from entrepot.services.access.argon2id import NOBODYS_HASH, Argon2id
from tests.waiting import tries

PASSWORD = "pâté \ud800\n".encode("utf-8", "surrogatepass")


@pytest.fixture
def hasher() -> Iterator[PasswordProcess]:
    hasher = PasswordProcess()
    yield hasher
    hasher.close()


def number(hasher: PasswordProcess) -> int:
    assert hasher._process is not None
    return hasher._process.pid


def test_what_it_hashes_is_checked_anywhere(hasher: PasswordProcess) -> None:
    stored = hasher.hash(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=7168,t=5,p=1$")
    assert hasher.verify(stored, PASSWORD)
    assert not hasher.verify(stored, PASSWORD + b"x")
    assert Argon2id().verify(stored, PASSWORD)
    assert hasher.verify(Argon2id().hash(PASSWORD), PASSWORD)
    for broken in (NOBODYS_HASH, "", "x", "\n", '"'):
        assert not hasher.verify(broken, PASSWORD)


def test_it_goes_behind_everything_else_and_keeps_no_settings(
    hasher: PasswordProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_HTTP_SECRET", "do not tell")
    hasher.hash(PASSWORD)
    assert os.getpriority(os.PRIO_PROCESS, number(hasher)) == 19
    assert os.getpriority(os.PRIO_PROCESS, 0) < 19
    assert b"do not tell" not in Path(f"/proc/{number(hasher)}/environ").read_bytes()


def test_a_process_that_was_killed_costs_nobody_a_login(
    hasher: PasswordProcess, caplog: pytest.LogCaptureFixture
) -> None:
    stored = hasher.hash(PASSWORD)
    first = number(hasher)
    os.kill(first, signal.SIGKILL)
    assert hasher.verify(stored, PASSWORD)
    assert "without a process of their own" in caplog.text
    assert hasher.verify(stored, PASSWORD)
    assert number(hasher) != first


def test_a_process_that_cannot_be_begun_costs_nobody_a_login(
    hasher: PasswordProcess, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for command in (["/nowhere/python"], ["true"], ["echo", "{"]):
        monkeypatch.setattr(password_process, "_COMMAND", command)
        caplog.clear()
        hasher._rests_until = 0.0
        assert hasher.verify(hasher.hash(PASSWORD), PASSWORD)
        assert caplog.text.count("without a process") == 1, "it is not tried again at once"


def test_it_ends_with_whoever_began_it() -> None:
    reading, writing = os.pipe()
    worker = os.fork()
    if not worker:
        hasher = PasswordProcess()
        hasher.hash(PASSWORD)
        os.write(writing, str(number(hasher)).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(worker, 0)
    begun = int(os.read(reading, 20))
    os.close(reading)
    os.close(writing)
    for _ in tries("it runs on"):
        if not _runs(begun):
            break
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_nothing_is_begun_for_nobody(hasher: PasswordProcess) -> None:
    assert hasher._process is None
    hasher.close()
