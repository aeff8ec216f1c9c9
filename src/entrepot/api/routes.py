"""Paths under /v2/, matched from the right: a repository may have any name (spec.md, "API").

""                                  base
_catalog                            catalog
NAME/tags/list                      tags
NAME/manifests/REFERENCE            manifest
NAME/blobs/DIGEST                   blob
NAME/blobs/uploads/                 blob_upload
NAME/blobs/uploads/ID               blob_upload_chunk
NAME/referrers/DIGEST               referrers
"""

from typing import NamedTuple


class Match(NamedTuple):
    """What a path means; the names of routes are those of Docker Registry's metrics."""

    route: str
    name: str
    argument: str


_BASE = Match("base", "", "")
_CATALOG = Match("catalog", "", "")


def match_path(path: str) -> Match | None:
    """Find what a path means.

    Args:
        path: what follows `/v2/`, decoded.

    Returns:
        None when it means nothing.
    """
    rest, _, last = path.rpartition("/")
    name, _, kind = rest.rpartition("/")
    if kind == "manifests":
        return Match("manifest", name, last)
    if kind == "blobs":
        # Clients of Docker Registry sometimes omit the trailing slash.
        return Match("blob_upload", name, "") if last == "uploads" else Match("blob", name, last)
    if kind == "uploads":
        repository, _, above = name.rpartition("/")
        if above == "blobs":
            return Match("blob_upload_chunk" if last else "blob_upload", repository, last)
    if kind == "tags" and last == "list":
        return Match("tags", name, "")
    if kind == "referrers":
        return Match("referrers", name, last)
    if path == "_catalog":
        return _CATALOG
    return _BASE if path == "" else None
