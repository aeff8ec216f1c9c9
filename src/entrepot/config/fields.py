"""The types of settings, and how each is read from the text in config.yml.

Settings are plain frozen dataclasses, so that a worker process imports them without pydantic.
What validates them is attached to their annotations; pydantic finds it there when, in the main
process, the configuration is read.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from entrepot.config.durations import parse_duration, parse_long_duration
from entrepot.config.sizes import parse_size

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class ReadBy:
    """Marks a field that is read by a function of ours.

    Args:
        read: takes what the file holds (text, a list, a mapping); returns the setting, or raises
            ValueError with what was expected.
    """

    read: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Answer pydantic's question how to validate the field."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self.read)


def at_least(minimum: int) -> ReadBy:
    """Read a whole number that is not below a minimum."""

    def read(value: object) -> int:
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = str(value).strip()
            digits = text.removeprefix("-")
            if digits.isascii() and digits.isdigit() and len(digits) < 19 and int(text) >= minimum:
                return int(text)
        raise ValueError(f"a whole number of at least {minimum}")

    return ReadBy(read)


def one_of(*choices: str) -> ReadBy:
    """Read one of a few words, in any case of letters."""

    def read(value: object) -> str:
        if isinstance(value, str) and value.lower() in choices:
            return value.lower()
        raise ValueError(f"one of {', '.join(choices)}")

    return ReadBy(read)


def size_of_at_least(minimum: int) -> ReadBy:
    """Read a size in bytes that is not below a minimum."""

    def read(value: object) -> int:
        size = parse_size(value)
        if size < minimum:
            raise ValueError(f"a size of at least {minimum} bytes")
        return size

    return ReadBy(read)


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "y": True}
    words |= {"false": False, "no": False, "off": False, "n": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError("true or false")


def _positive_duration(value: object) -> float:
    seconds = parse_duration(value)
    if seconds <= 0:
        raise ValueError("a duration above zero, such as 10s")
    return seconds


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("text")


def _headers(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise ValueError("a mapping from header names to lists of values")
    headers = {}
    for name, values in value.items():
        if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
            raise ValueError(f"a list of values for {name}, such as [nosniff]")
        if not _HEADER_NAME.fullmatch(str(name)):
            raise ValueError("names of headers, such as X-Content-Type-Options")
        if not all(_HEADER_VALUE.fullmatch(item) for item in values):
            raise ValueError(f"values for {name} of one line each, in Latin letters")
        headers[str(name)] = tuple(values)
    return headers


Switch = Annotated[bool, ReadBy(_switch)]
Text = Annotated[str, ReadBy(_text)]
Seconds = Annotated[float, ReadBy(parse_duration)]
PositiveSeconds = Annotated[float, ReadBy(_positive_duration)]
LongSeconds = Annotated[float, ReadBy(parse_long_duration)]
Headers = Annotated[Mapping[str, tuple[str, ...]], ReadBy(_headers)]
