"""What is wrong with a configuration, said so that it can be put right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from entrepot.config.masking import MASK, is_secret, mask_url
from entrepot.errors import ConfigurationError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written.

    Args:
        place: a file, or ``environment variable REGISTRY_...``.
        line: the line in the file, from 1; None in the environment, or for the file as a whole.
    """

    place: str
    line: int | None = None

    def __str__(self) -> str:
        return self.place if self.line is None else f"{self.place}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot be used as it is written.

    Args:
        origin: where it was written.
        key: its path in config.yml, such as ``storage.delete.enabled``; empty for the file itself.
        found: what was found there; None where nothing was.
        expected: what could be used.
    """

    origin: Origin
    key: str
    found: str | None
    expected: str

    def __str__(self) -> str:
        where = f"{self.origin}: {self.key}: " if self.key else f"{self.origin}: "
        return f"{where}found {self.found or 'nothing'}, expected {self.expected}"


class InvalidConfiguration(ConfigurationError):
    """Some settings cannot be used as they are written; has all of them.

    Args:
        problems: at least one, in the order of the file.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        lines = [f"the configuration has {len(self.problems)} {noun}:"]
        super().__init__("\n  ".join([*lines, *map(str, self.problems)]))


def nearest(origins: Mapping[KeyPath, Origin], path: KeyPath) -> Origin | None:
    """Find where a path, or else the nearest that holds it, was written.

    Args:
        origins: of all paths that were written.
        path: the path.
    """
    for end in range(len(path), 0, -1):
        found = origins.get(path[:end])
        if found is not None:
            return found
    return None


def spell(path: KeyPath) -> str:
    """Write a path as a person would: ``health.file[0].interval``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def describe(path: KeyPath, value: object) -> str | None:
    """Say what was found at a path, short, and without secrets.

    Args:
        path: where it was found.
        value: text, a list, a mapping, or None.
    """
    if value is None:
        return None
    if any(isinstance(part, str) and is_secret(part) for part in path):
        return MASK
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = mask_url(str(value))
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
