"""Watching commits must not cost SQLite its locks."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from entrepot.drivers.sqlite.commit_watch import CommitWatch

# Byte 128 of -shm is locked, shared, by every process that has the database open. Whoever gets it
# exclusively takes the file for abandoned, and cuts it to nothing.
SEIZE = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)
    except OSError:
        sys.exit(3)
"""


def seize(database: Path) -> int:
    """Let another process try; gives its exit code, 3 where the database counts as open."""
    return subprocess.run([sys.executable, "-c", SEIZE, f"{database}-shm"], check=False).returncode


def test_a_watched_database_stays_locked_for_other_processes(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (number)")
        watch = CommitWatch.of(path)
        assert watch.state() is not None
        assert seize(path) == 3
        watch.close()
        assert watch.state() is None
        assert seize(path) == 3


def test_a_commit_is_seen_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (number)")
        watch = CommitWatch.of(path)
        before = watch.state()
        connection.execute("SELECT * FROM numbers").fetchall()
        assert watch.state() == before
        connection.execute("INSERT INTO numbers VALUES (1)")
        connection.commit()
        assert watch.state() != before
        watch.close()
