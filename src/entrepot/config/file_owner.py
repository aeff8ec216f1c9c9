"""Whose a file is, for messages about permissions."""

import os
import pwd
from pathlib import Path


def describe_owner(path: Path) -> str:
    """Say whose a path is and which user this is: who may not use a file asks that first.

    Args:
        path: need not exist, or be visible; then the nearest folder above it counts.

    Returns:
        A clause such as ``/srv/registry belongs to user registry (mode 0700), and this is user
        bob``.
    """
    for place in (path, *path.parents):
        try:
            status = place.stat()
        except OSError:
            continue
        mode = f"mode {status.st_mode & 0o7777:04o}"
        user, owner = user_name(os.geteuid()), user_name(status.st_uid)
        return f"{place} belongs to user {owner} ({mode}), and this is user {user}"
    return f"this is user {user_name(os.geteuid())}"


def user_name(number: int) -> str:
    """Give the name of a user, or the number of one without a name, as in a container."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
