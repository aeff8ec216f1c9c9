"""Digests that are computed while bytes arrive, and can be continued by another process."""

from importlib.metadata import version
from typing import Protocol

import rehashes

_CLASSES = {"sha256": rehashes.PySha256, "sha512": rehashes.PySha512}
# A state is good for the very version that wrote it.
_MARK = f"rehashes {version('rehashes')}\n".encode()


class Hasher(Protocol):
    """Computes a digest; everything but `update` is cheap."""

    def update(self, content: bytes) -> None:
        """Take bytes; other threads run meanwhile."""
        ...

    def serialize(self) -> bytes:
        """Give the state."""
        ...

    def finalize(self) -> str:
        """Give the hexadecimal digest."""
        ...


def new_hasher(algorithm: str) -> Hasher:
    """Begin a digest."""
    hasher: Hasher = _CLASSES[algorithm]()
    return hasher


def save(hasher: Hasher) -> bytes:
    """Write down a hasher's state."""
    return _MARK + bytes(hasher.serialize())


def restore(algorithm: str, state: bytes) -> Hasher | None:
    """Go on from a state; None when it was written by another version or is empty."""
    if not state.startswith(_MARK):
        return None
    hasher: Hasher = _CLASSES[algorithm].deserialize(state[len(_MARK) :])
    return hasher
