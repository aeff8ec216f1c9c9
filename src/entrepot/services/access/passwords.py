"""Passwords: what may be one, and how they are hashed and checked, off the event loop.

One at a time in a worker, and only so many waiting: logins can neither starve pulls nor fill the
memory.
"""

import asyncio
import secrets
import string
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from entrepot.errors import InvalidRequest, Overloaded
from entrepot.services.access.argon2id import Argon2id
from entrepot.services.access.token_text import looks_like_token

Result = TypeVar("Result")

MIN_LENGTH = 8
MAX_LENGTH = 1024

_WAITING = 100
_ALPHABET = string.ascii_letters + string.digits
_RANDOM_LENGTH = 24


class PasswordHasher(Protocol):
    """Hashes and checks passwords; called from a thread, one call at a time."""

    def hash(self, password: bytes) -> str:
        """Give what is stored of a password."""
        ...

    def verify(self, password_hash: str, password: bytes) -> bool:
        """Tell whether a password is the one that has this hash; nothing else is one."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


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
        raise InvalidRequest("a password must differ from the name")
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
        hasher: does the work.
        waiting: how many may wait for their turn; more are refused.
    """

    def __init__(self, hasher: PasswordHasher | None = None, waiting: int = _WAITING) -> None:
        self._hasher = hasher or Argon2id()
        self._waiting = waiting
        self._under_way = 0
        # Its thread starts with the first password.
        self._pool = ThreadPoolExecutor(1, "password")

    async def hash(self, password: str) -> str:
        """Give what is stored of a password.

        Raises:
            Overloaded: too many wait for their turn.
        """
        return await self._run(self._hasher.hash, _bytes(password))

    async def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether a password is the one that has this hash.

        Raises:
            Overloaded: too many wait for their turn.
        """
        return await self._run(self._hasher.verify, password_hash, _bytes(password))

    def close(self) -> None:
        """Let go of the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._hasher.close()

    async def _run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        if self._under_way >= self._waiting:
            raise Overloaded("too many log in at this moment")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        finally:
            self._under_way -= 1


def _bytes(password: str) -> bytes:
    # One password, however a keyboard or a system composes its accents.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
