"""Sets aside a database whose loss is allowed, where a power loss has damaged it."""

import sqlite3
from contextlib import closing
from pathlib import Path

_DAMAGE = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})
_FILES = ("", "-wal", "-shm")


def forget_if_damaged(path: Path) -> bool:
    """Remove a database that cannot be read to its end; called while nobody uses it.

    Upload sessions are written without waiting for the disk, which SQLite answers for as long as
    the machine does not stop; they must not keep the registry from starting.

    Args:
        path: the file; it need not exist.

    Returns:
        Whether there was one, and it is gone.

    Raises:
        OSError: it cannot be removed.
    """
    if not path.exists() or _is_sound(path):
        return False
    for suffix in _FILES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return True


def _is_sound(path: Path) -> bool:
    """Tell whether it is sound; whatever else is wrong is for the next who opens it to say."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorname", "") not in _DAMAGE
