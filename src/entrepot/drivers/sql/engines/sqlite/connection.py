"""Opens SQLite files."""

import sqlite3
from pathlib import Path

from entrepot.drivers.sql.engines.sqlite.failures import translate

_CACHE_KIBIBYTES = 16 * 1024
_JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024


def connect(path: Path, *, durable: bool, read_only: bool = False) -> sqlite3.Connection:
    """Open a database in write-ahead mode, without implicit transactions.

    Args:
        path: the file; it is created if missing, unless read_only.
        durable: whether a commit waits for the disk.
        read_only: refuse every change through this connection.

    Raises:
        MetadataOutage: it cannot be opened.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT_BYTES}")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        connection.execute("PRAGMA foreign_keys = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        # Waiting is done outside, where it blocks nobody else.
        connection.execute("PRAGMA busy_timeout = 0")
    except sqlite3.Error as error:
        outage = translate(error)
        outage.add_note(f"while opening {path}")
        raise outage from error
    return connection
