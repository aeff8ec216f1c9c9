"""Letting through what Entrepot acts on; the table of keys says what that is."""

from entrepot.config.document import Document, Tree
from entrepot.config.keys import KEYS, TRIE, Branch, Key, Status
from entrepot.config.problems import KeyPath, describe, spell

# Names that stand in many places: a guess among them would mislead.
_COMMON = frozenset({"enabled", "disabled", "path", "name", "type", "key", "interval", "timeout"})


def sift(document: Document) -> tuple[dict[str, Tree], list[str]]:
    """Keep the keys that work; refuse or remark on the others.

    Args:
        document: its ``problems`` grow by what cannot be passed over.

    Returns:
        The tree of what works, without empty values; and remarks on keys that are not needed.
    """
    sieve = _Sieve(document)
    kept = sieve.sift(document.tree, (), TRIE)
    return (kept if isinstance(kept, dict) else {}), sieve.remarks


class _Sieve:
    def __init__(self, document: Document) -> None:
        self._document = document
        self.remarks: list[str] = []

    def sift(self, value: Tree, path: KeyPath, branch: Branch) -> Tree:
        if isinstance(value, dict) and not branch.is_list and branch.children:
            return self._mapping(value, path, branch)
        if isinstance(value, list) and branch.is_list:
            item = branch.children["[]"]
            return [self.sift(entry, (*path, at), item) or {} for at, entry in enumerate(value)]
        return value

    def _mapping(self, mapping: dict[str, Tree], path: KeyPath, branch: Branch) -> Tree:
        kept: dict[str, Tree] = {}
        for name, value in mapping.items():
            here = (*path, name)
            child = branch.child(name)
            if child is None:
                self._document.refuse(here, repr(name), suggest(here, branch))
            elif child.key is None or child.key.status is Status.WORKS:
                sifted = self.sift(value, here, child)
                # As in Go, a name without a value is as good as absent. An empty list is a value.
                if sifted not in (None, "", {}):
                    kept[name] = sifted
            else:
                self._turn_away(child.key, value, here)
        return kept

    def _turn_away(self, key: Key, value: Tree, path: KeyPath) -> None:
        if key.harmless(value):
            return
        if key.status is Status.NOT_NEEDED:
            origin = self._document.origin(path)
            self.remarks.append(f"{origin}: {spell(path)} has no effect: {key.note}")
            return
        found = describe(path, value) if isinstance(value, str) and value else str(path[-1])
        self._document.refuse(path, found, f"this key to be left out: {key.note}")


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
