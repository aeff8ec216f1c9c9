"""What was found out about secrets a moment ago, kept without the secrets."""

import os
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Generic, TypeVar

Fact = TypeVar("Fact")

_DIGEST_BYTES = 16


class Facts(Generic[Fact]):
    """Keeps facts for a while, under a key that tells nothing of the secret it was made from.

    Keys are hashed with a number that this process drew when it began, and that nobody else has.

    Args:
        seconds: how long a fact is good.
        size: how many at most; the oldest make room.
        clock: tells seconds that run evenly.
    """

    def __init__(
        self, seconds: float, size: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._keyed = blake2b(key=os.urandom(32), digest_size=_DIGEST_BYTES)
        self._kept: dict[bytes, tuple[float, Fact]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def key(self, name: str, secret: str) -> bytes:
        """Give the key of a name and a secret."""
        hashing = self._keyed.copy()
        raw = name.encode("utf-8", "surrogatepass")
        hashing.update(b"%d:%b" % (len(raw), raw))
        hashing.update(secret.encode("utf-8", "surrogatepass"))
        return hashing.digest()

    def get(self, key: bytes) -> Fact | None:
        """Give a fact that is still good."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if self._clock() < kept[0]:
            return kept[1]
        del self._kept[key]
        return None

    def keep(self, key: bytes, fact: Fact) -> None:
        """Keep a fact from now on."""
        self._kept.pop(key, None)
        while len(self._kept) >= self._size:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (self._clock() + self._seconds, fact)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
