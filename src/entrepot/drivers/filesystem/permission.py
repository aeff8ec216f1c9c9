"""Says why files cannot be used, and what an operator can do about it."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from entrepot.config.file_owner import describe_owner, user_name
from entrepot.errors import StorageOutage


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
    """Say why the data directory cannot be used, and what to do about it.

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
        return f"{said}. {describe_owner(Path(error.filename))}"
    return (
        f"{said}. It belongs to user {user_name(owner)}, and this is user {user_name(user)}: run"
        f" `chown --recursive {user} {root}`, or start the registry as user {user_name(owner)}"
    )


def check_access(root: Path, database: Path) -> None:
    """Return when a command of this user may work on a registry's data.

    Args:
        root: the data directory.
        database: the file of the metadata.

    Raises:
        StorageOutage: it may not; the message names the path, its owner and the user.
    """
    for path in (root, database):
        blocked = _blocked(path)
        if blocked is None:
            continue
        owner = _owner(blocked)
        what = "the database" if blocked == database else "the data directory"
        if owner is None or owner == os.geteuid():
            raise StorageOutage(f"{what} cannot be used: {describe_owner(blocked)}")
        other = f"user {user_name(owner)}, or as root" if owner else "root"
        raise StorageOutage(
            f"{what} is that of another user: {describe_owner(blocked)}. Run this as {other}"
        )


def _blocked(path: Path) -> Path | None:
    """The folder that this user may not enter on the way, or the path that it may not change."""
    for folder in reversed(path.parents):
        if folder.exists() and not os.access(folder, os.X_OK):
            return folder
    wanted = os.R_OK | (os.X_OK if path.is_dir() else os.W_OK)
    return path if path.exists() and not os.access(path, wanted) else None


def _owner(root: Path) -> int | None:
    """The user that the directory belongs to, or the nearest one above it that exists."""
    for folder in (root, *root.parents):
        try:
            return folder.stat().st_uid
        except OSError:
            continue
    return None
