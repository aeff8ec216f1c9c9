"""Repository names (distribution-spec spec.md, "Pulling manifests")."""

import re
from functools import lru_cache
from typing import Self

from entrepot.errors import InvalidName
from entrepot.oci.excerpt import excerpt

MAX_LENGTH = 255

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")


class RepositoryName(str):
    """A repository's name, such as `team/app/api`."""

    __slots__ = ()

    @classmethod
    @lru_cache(maxsize=4096)  # the same few names are asked for again and again
    def parse(cls, text: str) -> Self:
        """Read a repository name.

        Raises:
            InvalidName: it breaks the grammar or is longer than 255 characters.
        """
        if len(text) > MAX_LENGTH:
            raise InvalidName(
                f"a repository name has at most {MAX_LENGTH} characters, not {len(text)}",
                {"name": excerpt(text)},
            )
        if not _NAME.fullmatch(text):
            raise InvalidName(
                "a repository name has components of lower-case letters and digits, "
                "joined inside by '.', '_', '__' or dashes, and separated by '/'",
                {"name": excerpt(text)},
            )
        return cls(text)
