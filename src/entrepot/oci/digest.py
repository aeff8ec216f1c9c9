"""Digests: what names content (image-spec descriptor.md, "Digests")."""

import hashlib
import re
from functools import lru_cache
from typing import Self

from entrepot.errors import InvalidDigest
from entrepot.oci.excerpt import excerpt

HEX_LENGTH = {"sha256": 64, "sha512": 128}
DEFAULT_ALGORITHM = "sha256"

_SUPPORTED = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_GRAMMAR = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)")


class Digest(str):
    """A digest such as `sha256:6c3c…`, of a supported algorithm and of the exact length."""

    __slots__ = ()

    @classmethod
    @lru_cache(maxsize=4096)  # what is pulled is pulled again and again
    def parse(cls, text: str) -> Self:
        """Read a digest.

        Args:
            text: what a client sent.

        Raises:
            InvalidDigest: it breaks the grammar, its algorithm is not supported, or its
                hexadecimal part is not lower-case or not of the algorithm's length.
        """
        if _SUPPORTED.fullmatch(text):
            return cls(text)
        raise InvalidDigest(_why_refused(text), {"digest": excerpt(text)})

    @classmethod
    def of(cls, content: bytes, algorithm: str = DEFAULT_ALGORITHM) -> Self:
        """Compute the digest of bytes held in memory."""
        return cls(f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}")

    @property
    def algorithm(self) -> str:
        """The part before the colon."""
        return self.partition(":")[0]

    @property
    def hex(self) -> str:
        """The part after the colon."""
        return self.partition(":")[2]


def parse_algorithm(text: str) -> str:
    """Read the name of a digest algorithm (spec.md, "Pushing a blob": digest-algorithm).

    Raises:
        InvalidDigest: the algorithm is not supported.
    """
    if text not in HEX_LENGTH:
        raise InvalidDigest(
            f"digest algorithm {text[:40]!r} is not supported; supported are {_supported_names()}",
            {"algorithm": excerpt(text)},
        )
    return text


def _supported_names() -> str:
    return " and ".join(HEX_LENGTH)


def _why_refused(text: str) -> str:
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        return "a digest is written ALGORITHM:HEX, such as sha256:6c3c…"
    algorithm, encoded = match.groups()
    if algorithm not in HEX_LENGTH:
        return (
            f"digest algorithm {algorithm[:40]!r} is not supported; "
            f"supported are {_supported_names()}"
        )
    length = HEX_LENGTH[algorithm]
    if len(encoded) != length:
        return f"a {algorithm} digest has {length} hexadecimal digits, not {len(encoded)}"
    return f"a {algorithm} digest is written with the digits 0-9 and a-f in lower case"
