"""Finds the repositories in Docker Registry's tree, whose names may lie inside each other."""

import os
from collections.abc import Iterator

from entrepot.drivers.filesystem.foreign_files import subfolders

MANIFESTS, LAYERS, UPLOADS = "_manifests", "_layers", "_uploads"
_MARKS = frozenset({MANIFESTS, LAYERS, UPLOADS})


def repository_folders(root: str) -> Iterator[str]:
    """List folders that hold a repository, relative to the root, ordered by their components.

    No name's component begins with an underscore, so those folders are never gone into. Links to
    folders are followed, unless they lead back to a folder that they lie in.
    """
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        names = set(subfolders(f"{root}/{relative}"))
        if relative and names & _MARKS:
            yield relative
        below = sorted((name for name in names if not name.startswith("_")), reverse=True)
        paths = (f"{relative}/{name}" if relative else name for name in below)
        waiting += [path for path in paths if not _leads_back(f"{root}/{path}")]


def _leads_back(path: str) -> bool:
    if not os.path.islink(path):
        return False
    real = os.path.realpath(path)
    return f"{os.path.realpath(os.path.dirname(path))}/".startswith(f"{real}/")
