"""Which driver the section ``storage`` names, by the presence of its name."""

from entrepot.config.document import Document, Tree
from entrepot.config.keys import TRIE
from entrepot.config.shorthand import expand

# Parts of the section that name no driver.
_NO_DRIVERS = frozenset({"maintenance", "cache", "delete", "redirect", "tag"})
_WORKING = ("filesystem", "inmemory")


def settle_driver(document: Document, default_rootdirectory: str | None) -> str:
    """Find the driver, and give every driver and access scheme that is named a mapping.

    Args:
        document: its tree changes; its ``problems`` grow where there is not one driver.
        default_rootdirectory: where files go when no driver is named; None makes that a problem.

    Returns:
        The driver; ``filesystem`` where it is not one that works, which is a problem then.
    """
    tree = document.tree if isinstance(document.tree, dict) else {}
    document.tree = tree
    for section in ("storage", "auth"):
        tree[section] = _with_mappings(expand((section,), tree.get(section)))
    storage = tree["storage"]
    if not isinstance(storage, dict):
        if storage is not None:
            return "filesystem"  # a list, refused when the settings are read
        storage = tree["storage"] = {}
    every = [name for name in storage if name not in _NO_DRIVERS]
    if not every and default_rootdirectory is not None:
        storage["filesystem"] = {"rootdirectory": default_rootdirectory}
        return "filesystem"
    known = [name for name in TRIE.children["storage"].names if name not in _NO_DRIVERS]
    named = [name for name in every if name in known]
    if len(named) > 1:
        document.refuse(("storage",), " and ".join(named), "exactly one driver")
    elif not every:
        document.refuse(("storage",), "no driver", f"one of {', '.join(known)}")
    return next((name for name in named if name in _WORKING), "filesystem")


def _with_mappings(section: Tree) -> Tree:
    if not isinstance(section, dict):
        return section
    return {
        name: {} if content is None and name not in _NO_DRIVERS else content
        for name, content in section.items()
    }
