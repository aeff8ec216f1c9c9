"""Digests that are computed while bytes arrive, and can be continued by another process."""

import uuid
from pathlib import Path
from typing import Protocol

import rehashes

_CLASSES = {"sha256": rehashes.PySha256, "sha512": rehashes.PySha512}
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def _mark() -> bytes:
    """Name what a state is good for: the very version that wrote it, until the machine restarts.

    After a power loss a file may have its length and not its bytes, so what was hashed before it
    says nothing; the file is read again.
    """
    boot = _BOOT.read_text().strip() if _BOOT.exists() else uuid.uuid4().hex
    return f"{_version()} {boot}\n".encode()


def _version() -> str:
    # importlib.metadata would say it too, after loading half of the library for reading mail.
    installed = Path(rehashes.__file__).parent.parent.glob("rehashes-*.dist-info")
    return next((folder.stem for folder in installed), "rehashes")


_MARK = _mark()


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
    """Go on from a state; None when it is empty, or no longer good."""
    if not state.startswith(_MARK):
        return None
    hasher: Hasher = _CLASSES[algorithm].deserialize(state[len(_MARK) :])
    return hasher
