"""Sizes in bytes (``65536``, ``64KiB``), and counts with their nouns (``1 tag``, ``2 tags``)."""

import re

_BYTES = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_BYTES |= {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE = re.compile(r"(\d{1,15})\s*([a-z]*)", re.ASCII | re.IGNORECASE)
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")
# By how many bits a size has: its unit, how it is written, and from where on in the next unit,
# for three digits would be 1000. Looked up, because lists write very many sizes.
_UNITS = [
    (1 << 10 * power, f"%.3g {unit}", 999.5 * (1 << 10 * power))
    for power, unit in enumerate(_BINARY)
    for _ in range(10)
]
_EXPECTED = "a size such as 65536, 64KiB or 4MiB"


def parse_size(value: object) -> int:
    """Read a size.

    Args:
        value: a number of bytes, or text of a number and B, KiB, MiB, GiB, TiB, kB, MB, GB or TB.

    Returns:
        Bytes.

    Raises:
        ValueError: the value is no such size; the message says what was expected.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(_EXPECTED)
    match = _SIZE.fullmatch(str(value).strip())
    unit = _BYTES.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ValueError(_EXPECTED)
    return int(match[1]) * unit


def describe_size(size: int) -> str:
    """Write a number of bytes for people, to three digits: ``10700000000`` becomes ``9.97 GiB``.

    Args:
        size: bytes, at least zero.
    """
    if size < 1024:
        return f"{size} B"
    bits = size.bit_length()
    if bits < len(_UNITS):
        unit, text, beyond = _UNITS[bits - 1]
        if size >= beyond:
            unit, text, _ = _UNITS[bits]
        return text % (size / unit)
    value = size / _BYTES["tib"]
    return f"{value:.3g} TiB" if value < 999.5 else f"{value:.0f} TiB"


def count_of(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: `1 tag`, `2 tags`, `2 repositories`.

    Args:
        number: how many.
        one: the noun for one.
        many: the noun for more; with an `s` by default.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
