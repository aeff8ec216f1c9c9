"""Paths under /api/v1/. What is in the middle is a repository's name, with all its slashes.

repositories/NAME         repository
tags/NAME/TAG/history     tag_history
tags/NAME/TAG/restore     tag_restore
"""

from entrepot.api.routes import Match

MANAGEMENT = "api/v1/"


def match_management(path: str) -> Match | None:
    """Find what a path means.

    Args:
        path: what stands behind `/api/v1/`, decoded.

    Returns:
        None when it means nothing.
    """
    kind, _, rest = path.partition("/")
    if kind == "repositories" and rest:
        return Match("repository", rest, "")
    if kind == "tags":
        rest, _, last = rest.rpartition("/")
        name, _, tag = rest.rpartition("/")
        if name and last in ("history", "restore"):
            return Match(f"tag_{last}", name, tag)
    return None
