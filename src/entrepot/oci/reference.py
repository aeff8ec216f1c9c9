"""References: a tag or a digest (distribution-spec spec.md, "Pulling manifests")."""

import re
from typing import Self

from entrepot.errors import InvalidTag
from entrepot.oci.digest import Digest
from entrepot.oci.excerpt import excerpt

MAX_TAG_LENGTH = 128

_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


class Tag(str):
    """A tag, such as `latest`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a tag.

        Raises:
            InvalidTag: it breaks the grammar or is longer than 128 characters.
        """
        if not _TAG.fullmatch(text):
            raise InvalidTag(
                f"a tag has 1 to {MAX_TAG_LENGTH} letters, digits, '.', '_' and '-', "
                "and starts with a letter, a digit or '_'",
                {"tag": excerpt(text)},
            )
        return cls(text)


Reference = Tag | Digest


def parse_reference(text: str) -> Reference:
    """Read a reference: a digest where it has a colon, which no tag can have, else a tag.

    Raises:
        InvalidDigest: it has a colon and is no digest.
        InvalidTag: it has none and is no tag.
    """
    return Digest.parse(text) if ":" in text else Tag.parse(text)
