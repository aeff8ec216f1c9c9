"""Finding a key by its path."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from entrepot.config.keys.key import Key

ITEM = "[]"
ANY = "*"


@dataclass(slots=True)
class Branch:
    """A place in config.yml.

    Args:
        key: what the table says of this very place; None for a place that only holds others.
        children: by name; ``[]`` is each item of a list, ``*`` any name.
    """

    key: Key | None = None
    children: dict[str, "Branch"] = field(default_factory=dict)

    def child(self, part: str | int) -> "Branch | None":
        """The place below this one, if there can be one of that name."""
        if isinstance(part, int):
            return self.children.get(ITEM)
        return self.children.get(part) or self.children.get(ANY)

    @property
    def is_list(self) -> bool:
        """Whether items lie below."""
        return ITEM in self.children

    @property
    def names(self) -> list[str]:
        """The names below, without the signs for lists and free names."""
        return [name for name in self.children if name not in (ITEM, ANY)]


def grow(keys: Iterable[Key]) -> Branch:
    """Arrange keys by their paths."""
    root = Branch()
    for key in keys:
        branch = root
        for part in key.path.replace(ITEM, f".{ITEM}").split("."):
            branch = branch.children.setdefault(part, Branch())
        branch.key = key
    return root
