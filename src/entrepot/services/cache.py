"""The one kind of cache that a worker has: bounded in bytes, and no entry outlives its end.

What is kept about secrets is kept by a hash with a key that this process drew when it began, so
that nobody who reads its memory later finds a secret here. docs/operations.md adds up the bounds.
"""

import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import Enum
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Generic, TypeVar

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# What the tables of an entry take beside its key and its value, roughly.
_ENTRY_BYTES = 400
_DIGEST_BYTES = 16
_NEVER = float("inf")


def weigh(value: Any) -> int:
    """Give the bytes of an object and of everything that it refers to.

    What several objects share counts for each, so that a sum is never too low. Members of enums,
    None and booleans are everybody's.
    """
    total = 0
    left = [value]
    while left:
        item = left.pop()
        if item is None or isinstance(item, bool | Enum):
            continue
        total += sys.getsizeof(item)
        if isinstance(item, str | bytes | int | float):
            continue
        if isinstance(item, tuple | list | set | frozenset):
            left.extend(item)
        elif isinstance(item, dict):
            left.extend(item)
            left.extend(item.values())
        else:
            names = getattr(type(item), "__slots__", ()) or getattr(item, "__dict__", ())
            left.extend(getattr(item, name, None) for name in names)
    return total


class Cache(Generic[Key, Value]):
    """Keeps values by their keys; what was not asked for longest makes room.

    Args:
        size: bytes of all entries together, at most.
        seconds: how long a value is good; None for as long as it is there.
        clock: tells seconds, by which values end.
        measure: gives the bytes of a value.
    """

    def __init__(
        self,
        size: int,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        measure: Callable[[Value], int] = weigh,
    ) -> None:
        self._size = size
        self._measure = measure
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, int, Value]] = OrderedDict()
        self._ends: list[tuple[float, int, Key]] = []
        self._numbers = count()
        self.bytes = 0
        """Of all entries together."""

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """Give a value that is still good, and keep it before others."""
        entry = self._kept.get(key)
        if entry is None:
            return None
        if entry[0] != _NEVER and self._clock() >= entry[0]:
            self.forget(key)
            return None
        self._kept.move_to_end(key)
        return entry[2]

    def keep(self, key: Key, value: Value, until: float | None = None) -> None:
        """Keep a value from now on; one that has no room beside others is not kept.

        Args:
            key: by which it is found.
            value: never None.
            until: when it ends, by the cache's clock; None after the cache's seconds.
        """
        self.forget(key)
        self._forget_what_has_ended()
        if until is None:
            until = _NEVER if self._seconds is None else self._clock() + self._seconds
        size = _ENTRY_BYTES + weigh(key) + self._measure(value)
        if size > self._size // 4:
            return
        self._kept[key] = until, size, value
        self.bytes += size
        if until != _NEVER:
            heappush(self._ends, (until, next(self._numbers), key))
        while self.bytes > self._size:
            self.forget(next(iter(self._kept)))

    def forget(self, key: Key) -> None:
        """Keep a value no longer."""
        entry = self._kept.pop(key, None)
        if entry is not None:
            self.bytes -= entry[1]

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()
        self._ends.clear()
        self.bytes = 0

    def _forget_what_has_ended(self) -> None:
        if len(self._ends) > 2 * len(self._kept) + 16:  # most are of values that were forgotten
            self._ends = [
                (entry[0], next(self._numbers), key)
                for key, entry in self._kept.items()
                if entry[0] != _NEVER
            ]
            heapify(self._ends)
        now = self._clock() if self._ends else 0.0
        while self._ends and self._ends[0][0] <= now:
            until, _, key = heappop(self._ends)
            entry = self._kept.get(key)
            if entry is not None and entry[0] == until:
                self.forget(key)


class SecretHash:
    """Makes keys of secrets, which tell nothing of them outside this process."""

    def __init__(self) -> None:
        self._keyed = blake2b(key=os.urandom(32), digest_size=_DIGEST_BYTES)

    def __call__(self, *parts: str | bytes) -> bytes:
        """Hash parts; the same bytes divided otherwise are something else."""
        hashing = self._keyed.copy()
        for part in parts:
            raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
            hashing.update(b"%d:" % len(raw))
            hashing.update(raw)
        return hashing.digest()
