"""Regular expressions, matched in time linear in the text, whatever the expression: RE2's.

Python's own would search for ever for `(a+)+$` in a tag of 128 letters, which anybody who may push
can make. RE2 is also the engine that Docker Registry's expressions are written for.
"""

import re2

# Of one expression: its program, and what RE2 keeps of the states it has been in.
_MEMORY_BYTES = 1 << 20
_LONGEST = 4_096


class LinearRegex:
    """An expression that was read once.

    Args:
        text: as it was written: https://github.com/google/re2/wiki/Syntax.
        groups: whether `replace_in` may name groups; what is only searched is faster without.

    Raises:
        ValueError: it is none, or too large; the message says why.
    """

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str, *, groups: bool = False) -> None:
        options = re2.Options()
        options.max_mem = _MEMORY_BYTES
        options.never_capture = not groups
        options.log_errors = False
        if len(text) > _LONGEST:
            raise ValueError(f"a regular expression of at most {_LONGEST} characters")
        try:
            self._compiled = re2.compile(text, options)
        except re2.error as error:
            reason = error.args[0].decode() if error.args else "too large"
            raise ValueError(f"a regular expression as Go and RE2 read them ({reason})") from None
        except UnicodeEncodeError:
            raise ValueError("a regular expression of Unicode text") from None
        self.text = text

    def found_in(self, text: str) -> bool:
        """Tell whether some part of a text matches; `^` and `$` stand for its ends."""
        return self._compiled.search(_encodable(text)) is not None

    def replace_in(self, text: str, replacement: str) -> str:
        r"""Replace every part of a text that matches.

        Args:
            text: anything; lone surrogates come back as escapes.
            replacement: with ``\1`` for the first group.
        """
        return str(self._compiled.sub(replacement, _encodable(text)))


def _encodable(text: str) -> str:
    """Write what no UTF-8 can carry, and so RE2 cannot read, as escapes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
