"""One key, and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum

from entrepot.config.document import Tree


class Status(StrEnum):
    """What Entrepot does with a key."""

    WORKS = "works"
    LATER = "arrives later"
    REFUSED = "not offered"
    NOT_NEEDED = "not needed"


class Since(Enum):
    """Whose key it is."""

    BOTH = "2.8 and 3.1"
    OLD = "2.8"
    NEW = "3.1"
    OWN = "Entrepot"


def is_empty(value: Tree) -> bool:
    """Whether a value means the same as no value."""
    if isinstance(value, dict):
        return all(is_empty(item) for item in value.values())
    return value is None or value == "" or value == []


def never(value: Tree) -> bool:
    """Naming the key is enough, whatever it holds."""
    del value
    return False


@dataclass(frozen=True, slots=True)
class Key:
    """One key of config.yml.

    Args:
        path: ``a.b``; ``[]`` stands for each item of a list, ``*`` for any name.
        status: what becomes of it.
        note: what it does, or why it does nothing; empty takes that of the key above.
        since: whose key it is.
        harmless: whether a value asks for nothing, so that it is passed over in silence.
    """

    path: str
    status: Status
    note: str = ""
    since: Since = Since.BOTH
    harmless: Callable[[Tree], bool] = is_empty


def works(path: str, note: str = "", since: Since = Since.BOTH) -> Key:
    """A key that does what Docker Registry does."""
    return Key(path, Status.WORKS, note, since)


def later(
    path: str,
    note: str = "",
    since: Since = Since.BOTH,
    harmless: Callable[[Tree], bool] = is_empty,
) -> Key:
    """A key that a later release will act on; an error until then."""
    return Key(path, Status.LATER, note, since, harmless)


def refused(
    path: str,
    note: str = "",
    since: Since = Since.BOTH,
    harmless: Callable[[Tree], bool] = is_empty,
) -> Key:
    """A key whose effect Entrepot does not offer; an error."""
    return Key(path, Status.REFUSED, note, since, harmless)


def unneeded(
    path: str,
    note: str = "",
    since: Since = Since.BOTH,
    harmless: Callable[[Tree], bool] = is_empty,
) -> Key:
    """A key without which nothing changes for any client; a warning."""
    return Key(path, Status.NOT_NEEDED, note, since, harmless)


def under(parent: Key, names: str, since: Since = Since.BOTH) -> tuple[Key, ...]:
    """The keys below one that is not acted on; they share its fate.

    Args:
        parent: the key above.
        names: their names below it, separated by blanks; ``[].name`` for those of a list's items.
        since: whose keys they are.
    """
    paths = (parent.path + ("" if name.startswith("[]") else ".") + name for name in names.split())
    return tuple(Key(path, parent.status, "", since, parent.harmless) for path in paths)
