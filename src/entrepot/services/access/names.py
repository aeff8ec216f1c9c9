"""Names of users, robots, groups, tokens and rules: values that look the same to everybody.

Lower-case ASCII only: no two names differ in case, in the form of an accent, or in an alphabet.
"""

import re

from entrepot.errors import InvalidRequest
from entrepot.oci.excerpt import excerpt

MAX_NAME = 64
MAX_DESCRIPTION = 200

_NAME = re.compile(r"[a-z0-9]+(?:[._@+-]+[a-z0-9]+)*")
# What rules call everybody of a kind, or nobody in particular.
_RESERVED = frozenset({"anonymous", "authenticated"})


def is_name(text: str) -> bool:
    """Tell whether something can be called this."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None and text not in _RESERVED


def check_name(what: str, text: str) -> str:
    """Return a name that is one.

    Args:
        what: is called this: "a user", for the message.
        text: the name.

    Raises:
        InvalidRequest: it is none; the message says what was expected.
    """
    if text in _RESERVED:
        raise InvalidRequest(
            f"{what} cannot be called {text!r}: rules use that word for something else"
        )
    if not is_name(text):
        raise InvalidRequest(
            f"{what} cannot be called {excerpt(text)!r}: expected up to {MAX_NAME} lower-case "
            "letters and digits, joined inside by '.', '_', '-', '@' or '+'"
        )
    return text


def check_description(text: str) -> str:
    """Return a description that is one.

    Raises:
        InvalidRequest: it is too long, or has characters that are none.
    """
    if len(text) > MAX_DESCRIPTION or not text.isprintable():
        raise InvalidRequest(
            f"a description is one line of up to {MAX_DESCRIPTION} printable characters"
        )
    return text
