"""``storage: filesystem`` and ``auth: htpasswd``: a name that stands for a mapping."""

from entrepot.config.document import Tree
from entrepot.config.problems import KeyPath

_SECTIONS = frozenset({("storage",), ("auth",)})


def expand(path: KeyPath, value: Tree) -> Tree:
    """Write out a section's shorthand.

    Args:
        path: where the value stands.
        value: what stands there; returned as it is where it is no shorthand.
    """
    if path in _SECTIONS and isinstance(value, str) and value:
        return {value: {}}
    return value
