"""Tokens as their holders see them: `ent_pat_ID_SECRETCHECK` for users, `ent_bot_…` for robots.

The first part says whose it is, so that programs that look for leaked secrets know it. ID finds
the token's row; SECRET has 256 random bits, so its SHA-256 can be stored without a slow hash;
CHECK is a checksum of all before it: a typo, or a text that only looks like a token, is seen
without asking the database. All of it is letters, digits and underscores: one click selects it.
"""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from typing import Self

from entrepot.ports.access import Kind

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH = 12
# 62 ** 43 is just above 2 ** 256.
_SECRET_BITS = 256
_SECRET_LENGTH = 43
# 62 ** 6 is above 2 ** 32.
_CHECK_LENGTH = 6
_PREFIXES = {Kind.USER: "ent_pat_", Kind.ROBOT: "ent_bot_"}
_KINDS = {prefix: kind for kind, prefix in _PREFIXES.items()}
_PREFIX_LENGTH = 8
_TOKEN = re.compile(
    rf"(ent_pat_|ent_bot_)([0-9A-Za-z]{{{_ID_LENGTH}}})_"
    rf"[0-9A-Za-z]{{{_SECRET_LENGTH}}}([0-9A-Za-z]{{{_CHECK_LENGTH}}})"
)


@dataclass(frozen=True, slots=True)
class TokenText:
    """A token that is whole.

    Attributes:
        text: all of it; never logged, never in an error, never stored.
        kind: whose it is: a user's or a robot's.
        public_id: by which its row is found.
    """

    text: str = field(repr=False)
    kind: Kind
    public_id: str

    @classmethod
    def make(cls, kind: Kind, public_id: str = "") -> Self:
        """Make a token with a new secret.

        Args:
            kind: whose it is.
            public_id: of the token whose secret is replaced; empty for a new one.
        """
        public_id = public_id or _base62(secrets.randbelow(62**_ID_LENGTH), _ID_LENGTH)
        secret = _base62(secrets.randbits(_SECRET_BITS), _SECRET_LENGTH)
        body = f"{_PREFIXES[kind]}{public_id}_{secret}"
        return cls(body + _check(body), kind, public_id)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a token; None when it is none, or has a typo."""
        found = _TOKEN.fullmatch(text)
        if found is None or _check(text[:-_CHECK_LENGTH]) != found[3]:
            return None
        return cls(text, _KINDS[found[1]], found[2])

    def hash(self) -> bytes:
        """Give what is stored of it."""
        return hashlib.sha256(self.text.encode()).digest()

    @property
    def credential(self) -> str:
        """Name this very secret: the public id alone outlives a rotation."""
        return name_credential(self.public_id, self.hash())


def name_credential(public_id: str, secret_hash: bytes) -> str:
    """Name a secret of a token, without telling what is stored of it."""
    return f"{public_id}:{hashlib.sha256(b'credential' + secret_hash).hexdigest()[:16]}"


def looks_like_token(text: str) -> bool:
    """Tell whether a text begins as tokens do, and so can be no password."""
    return text[:_PREFIX_LENGTH] in _KINDS


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
