"""Patterns over tags: `*` stands for any characters, `?` for one."""

import re
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Self

from entrepot.oci.excerpt import excerpt

_PATTERN = re.compile(r"[A-Za-z0-9_.*?-]{1,128}")


@dataclass(frozen=True, slots=True)
class TagGlob:
    """A pattern that was read once. Matching takes time linear in the tag's length.

    Attributes:
        text: the pattern as it was written.
    """

    text: str
    _expression: re.Pattern[str] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern.

        Raises:
            ValueError: it is none; the message says what was expected.
        """
        if not _PATTERN.fullmatch(text):
            raise ValueError(
                f"{excerpt(text)!r} is no pattern of tags; expected at most 128 letters, digits, "
                "'_', '.' and '-', with '*' for any characters and '?' for one"
            )
        # The standard library makes atomic groups of it, which never search long.
        return cls(text, re.compile(translate(re.sub(r"\*+", "*", text))))

    def matches(self, tag: str) -> bool:
        """Tell whether a tag is meant."""
        return self._expression.fullmatch(tag) is not None
