"""Passwords: what may be one, and how they are hashed and checked, off the event loop.

argon2id with 7 MiB, five passes and one lane, one of the choices that OWASP's Password Storage
Cheat Sheet holds to be equally strong, and the one that takes the least of this processor
(docs/decisions/0011-accounts.md). One hash at a time in a worker, in a thread that yields to
everything else, and only so many waiting: logins cannot starve pulls, nor fill the memory.
"""

import asyncio
import contextlib
import os
import secrets
import string
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from entrepot.errors import InvalidRequest, Overloaded
from entrepot.services.access.token_text import looks_like_token

Result = TypeVar("Result")

MIN_LENGTH = 8
MAX_LENGTH = 1024

MEMORY_KIBIBYTES = 7 * 1024
PASSES = 5
LANES = 1
_SALT_BYTES = 16
_HASH_BYTES = 32

NOBODYS_HASH = (
    "$argon2id$v=19$m=7168,t=5,p=1$bm8gcGFzc3dvcmQgaGVyZQ$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""No password has it; checking one against it takes as long as against any other."""

_WAITING = 100
_NICENESS = 19
_ALPHABET = string.ascii_letters + string.digits
_RANDOM_LENGTH = 24


def check_password(name: str, password: str) -> str:
    """Return a password that can be one.

    Args:
        name: of its user.
        password: as it was typed.

    Raises:
        InvalidRequest: it is too short or too long, or would be taken for something else.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidRequest(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    if password == name:
        raise InvalidRequest("a password is something else than the name")
    if looks_like_token(password):
        raise InvalidRequest("a password does not begin with ent_pat_ or ent_bot_: tokens do")
    if not all(character.isprintable() for character in password):
        raise InvalidRequest("a password has no control characters")
    return password


def random_password() -> str:
    """Make a password that nobody can guess: 142 random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))


class Passwords:
    """Hashes and checks passwords.

    Args:
        waiting: how many may wait for their turn; more are refused.
    """

    def __init__(self, waiting: int = _WAITING) -> None:
        self._waiting = waiting
        self._under_way = 0
        # Its thread is made when the first password comes.
        self._pool = ThreadPoolExecutor(1, "password", initializer=_yield_to_others)

    async def hash(self, password: str) -> str:
        """Give what is stored of a password.

        Raises:
            Overloaded: too many wait for their turn.
        """
        return await self._run(_hash, password)

    async def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether a password is the one that has this hash.

        Raises:
            Overloaded: too many wait for their turn.
        """
        return await self._run(_verify, password_hash, password)

    def close(self) -> None:
        """Let go of the thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., Result], *arguments: str) -> Result:
        if self._under_way >= self._waiting:
            raise Overloaded("too many log in at this moment")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        finally:
            self._under_way -= 1


def _yield_to_others() -> None:
    """Let the thread that serves pulls always have the processor first (Linux knows how)."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _bytes(password: str) -> bytes:
    # One password, however a keyboard or a system composes its accents.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _hash(password: str) -> str:
    # Here and below, because most processes never check a password.
    from argon2.low_level import Type, hash_secret

    return hash_secret(
        _bytes(password),
        os.urandom(_SALT_BYTES),
        time_cost=PASSES,
        memory_cost=MEMORY_KIBIBYTES,
        parallelism=LANES,
        hash_len=_HASH_BYTES,
        type=Type.ID,
    ).decode()


def _verify(password_hash: str, password: str) -> bool:
    from argon2.exceptions import VerificationError
    from argon2.low_level import Type, verify_secret

    try:
        return verify_secret(password_hash.encode(), _bytes(password), Type.ID)
    except VerificationError:  # wrong, or no hash that anybody can read
        return False
