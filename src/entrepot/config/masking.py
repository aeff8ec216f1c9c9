"""Keeping secrets out of what is printed."""

import re

MASK = "********"

_SECRET_NAMES = re.compile(
    r"secret|passw|passphrase|token|credential|cookie|authori[sz]ation|authenticate"
    r"|private|api-?key|accesskey|accountkey|licensekey",
    re.IGNORECASE,
)
# These contain such a word and are no secrets.
_HARMLESS_NAMES = frozenset({"token", "htpasswd", "credentials", "keypassphrasefile"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://")


def is_secret(name: str) -> bool:
    """Whether the value of a key or header of this name is nobody's business.

    Args:
        name: one part of a key's path, or a header's name.
    """
    return name.lower() not in _HARMLESS_NAMES and _SECRET_NAMES.search(name) is not None


def mask(value: object, name: str = "") -> object:
    """Copy a tree of mappings and lists with every secret in it replaced.

    Args:
        value: the tree, or a value in it.
        name: the key that holds it.
    """
    if isinstance(value, dict):
        return {key: mask(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item, name) for item in value]
    if value is None or value == "":
        return value
    if is_secret(name):
        return MASK
    return mask_url(value) if isinstance(value, str) else value


def mask_url(text: str) -> str:
    """Hide what is nobody's business in a URL: its user, its password and its query.

    Args:
        text: a URL, well formed or not; what does not begin as one stays as it is.
    """
    begin = _SCHEME.match(text)
    if begin is None:
        return text
    place, mark, query = text[begin.end() :].partition("?")
    # A password that has a slash or an @ is not written correctly, and is a password.
    user, at, place = place.rpartition("@")
    masked_user = f"{MASK}@" if user else at
    return f"{begin.group()}{masked_user}{place}{mark}{query and MASK}"
