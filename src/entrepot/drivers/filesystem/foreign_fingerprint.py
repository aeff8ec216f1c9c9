"""Tells cheaply whether Docker Registry has written to a repository since it was last looked at.

What it does leaves these traces:

- a new layer, manifest or tag: a new folder, so the time of the folder around it changes;
- a tag that is moved, a manifest that is pushed again: the time of its link changes;
- a manifest that is deleted: its link is gone;
- a tag that is deleted: its folder is gone.

So a stat for each manifest and tag is paid, and none for layers, which are most of a tree.
"""

import hashlib
import os

from entrepot.drivers.filesystem.foreign_files import status, subfolders
from entrepot.drivers.filesystem.foreign_walk import LAYERS, MANIFESTS


def fingerprint(repository: str) -> str:
    """Give a text that is another one when something was written or removed there.

    Args:
        repository: its folder.

    Raises:
        StorageOutage: something in it cannot be looked at.
    """
    traces = hashlib.blake2b(digest_size=16)

    def look(path: str) -> None:
        found = status(path)
        seen = "" if found is None else f"{found.st_mtime_ns} {found.st_size}"
        traces.update(f"{seen}\n".encode())

    def look_inside(folder: str, link: str) -> None:
        look(folder)
        for name in sorted(subfolders(folder)):
            traces.update(os.fsencode(f"{name}\n"))
            look(f"{folder}/{name}/{link}")

    revisions = f"{repository}/{MANIFESTS}/revisions"
    for algorithm in sorted(subfolders(revisions)):
        look_inside(f"{revisions}/{algorithm}", "link")
    look_inside(f"{repository}/{MANIFESTS}/tags", "current/link")
    for algorithm in sorted(subfolders(f"{repository}/{LAYERS}")):
        look(f"{repository}/{LAYERS}/{algorithm}")
    return traces.hexdigest()
