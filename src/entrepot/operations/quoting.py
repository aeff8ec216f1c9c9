"""Text from strangers, made fit for one line of a log."""

import re

_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BARE = re.compile(r"[A-Za-z0-9\-._/@^+]+", re.ASCII)


def escaped(text: str) -> str:
    r"""Write quotes, backslashes and whatever cannot be seen as Go does: ``\"``, ``\n``, ``\x1b``.

    Printable characters of every language stay as they are; what could end the line, move the
    cursor or turn the direction of the text does not get through.

    Args:
        text: anything, lone surrogates included.
    """
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(_escaped_character(character) for character in text)


def _escaped_character(character: str) -> str:
    named = _NAMED.get(character)
    if named is not None:
        return named
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quoted(text: str) -> str:
    """Escape a text and put it in quotes."""
    return f'"{escaped(text)}"'


def quoted_where_needed(text: str) -> str:
    """Put a text in quotes unless it is a plain word, as logrus does in its text form."""
    return text if _BARE.fullmatch(text) else quoted(text)


def clipped(text: str, length: int) -> str:
    """Cut a text that is longer than ``length`` characters, and show that it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"
