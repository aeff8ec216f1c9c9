"""Says why a directory cannot be written, and what an operator does about it."""

import errno
import os
from contextlib import suppress
from pathlib import Path


def check_writable(folder: Path) -> None:
    """Return when files can be made in a directory.

    Raises:
        PermissionError: they cannot.
    """
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def keep_strangers_out(folder: Path) -> None:
    """Let nobody enter a directory but its owner and its group.

    What lies in it was perhaps made to be read by everybody, by Docker Registry or an earlier
    Entrepot: layers that are private, and folders whose lock any reader could hold.
    """
    with suppress(PermissionError):  # it is somebody else's, who decides
        mode = folder.stat().st_mode & 0o7777
        if mode & 0o007:
            folder.chmod(mode & ~0o007)


def explain(root: Path, error: OSError) -> str:
    """Say why the data directory cannot be used.

    Whose it is matters most: Docker Registry's images run as root, and what they wrote is root's.

    Args:
        root: the data directory.
        error: what the operating system said about something in it.
    """
    said = f"the data directory {root} cannot be used: {error.strerror} ({error.filename})"
    if not isinstance(error, PermissionError):
        return said
    owner, user = _owner(root), os.geteuid()
    if owner is None or owner == user:
        return said
    return (
        f"{said}. It belongs to user {owner}, and this is user {user}: give it away with"
        f" `chown --recursive {user} {root}`, or start the registry as user {owner}"
    )


def _owner(root: Path) -> int | None:
    """The user that the directory belongs to, or the nearest one above it that exists."""
    for folder in (root, *root.parents):
        try:
            return folder.stat().st_uid
        except OSError:
            continue
    return None
