"""What somebody may have meant by a key that does not exist."""

from entrepot.config.keys import KEYS, Branch
from entrepot.config.problems import KeyPath, spell

# Names that stand in many places: a guess among them would mislead.
_COMMON = frozenset({"enabled", "disabled", "path", "name", "type", "key", "interval", "timeout"})


def suggest(path: KeyPath, siblings: Branch) -> str:
    """Say which key may have been meant.

    Args:
        path: the key that does not exist.
        siblings: the place that it was looked for in.

    Returns:
        ``a key that exists``, with a guess where there is one.
    """
    from difflib import get_close_matches

    name = str(path[-1]).lower()
    close = get_close_matches(name, siblings.names, n=1, cutoff=0.6)
    if close:
        return f"a key that exists; did you mean {spell((*path[:-1], close[0]))}?"
    if name not in _COMMON:
        elsewhere = [key.path for key in KEYS if f".{name}." in f".{key.path}."]
        if elsewhere:
            # The same section is likelier than another, and there the key with the shortest path.
            best = min(elsewhere, key=lambda it: (it.split(".")[0] != str(path[0]), len(it)))
            end = f".{best}.".index(f".{name}.") + len(name)
            return f"a key that exists; did you mean {best[:end]}?"
    names = ", ".join(sorted(siblings.names)[:12])
    return f"a key that exists, one of {names}" if names else "a key that exists"
