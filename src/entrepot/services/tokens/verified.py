"""Tokens that were found good, so that each is verified once and then looked up."""

from hashlib import blake2b
from os import urandom
from typing import Generic, TypeVar

Fact = TypeVar("Fact")


class VerifiedTokens(Generic[Fact]):
    """What is known of tokens, by a keyed hash of them; bounded, each until it ends.

    Args:
        capacity: how many; beyond it the oldest are forgotten.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._keyed = blake2b(key=urandom(32), digest_size=16)
        self._facts: dict[bytes, tuple[float, Fact]] = {}

    def find(self, token: str, now: float) -> Fact | None:
        """Give what is known of a token that has not ended.

        Args:
            token: as it was sent.
            now: seconds since 1970.
        """
        found = self._facts.get(self._name(token))
        if found is None or now > found[0]:
            return None
        return found[1]

    def keep(self, token: str, until: float, fact: Fact) -> None:
        """Remember a token until a moment, in seconds since 1970."""
        facts = self._facts
        if len(facts) >= self._capacity:
            for name in list(facts)[: self._capacity // 8]:
                del facts[name]
        facts[self._name(token)] = (until, fact)

    def forget_all(self) -> None:
        """Verify every token again."""
        self._facts.clear()

    def _name(self, token: str) -> bytes:
        hashing = self._keyed.copy()
        hashing.update(token.encode("utf-8", "surrogatepass"))
        return hashing.digest()
