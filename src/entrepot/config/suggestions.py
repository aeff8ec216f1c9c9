"""What somebody may have meant by a key that does not exist."""

from entrepot.config.keys import KEYS, Branch
from entrepot.config.problems import KeyPath, spell


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
    elsewhere = [key.path for key in KEYS if f".{name}." in f".{key.path}." and name != "enabled"]
    if elsewhere:
        shortest = min(elsewhere, key=len)
        end = f".{shortest}.".index(f".{name}.") + len(name)
        return f"a key that exists; did you mean {shortest[:end]}?"
    names = ", ".join(sorted(siblings.names)[:12])
    return f"a key that exists, one of {names}" if names else "a key that exists"
