import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.commit_watch import CommitWatch
from entrepot.drivers.sql.engines.sqlite.connection import connect


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "some.db"
    with closing(connect(path, durable=True)) as connection:
        connection.execute("CREATE TABLE things (name TEXT)")
        yield path


@pytest.fixture
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(database, durable=True, read_only=True)) as connection:
        yield connection


def test_nothing_changes_while_nothing_is_committed(
    database: Path, reading: sqlite3.Connection
) -> None:
    watch = CommitWatch(reading)
    before = watch.state()
    reading.execute("SELECT * FROM things").fetchall()
    assert before is not None
    assert watch.state() == before


@pytest.mark.parametrize("durable", [True, False])
def test_a_commit_changes_it(database: Path, reading: sqlite3.Connection, durable: bool) -> None:
    watch = CommitWatch(reading)
    seen = {watch.state()}
    with closing(connect(database, durable=durable)) as writing:
        for number in range(100):
            writing.execute("INSERT INTO things VALUES ('a')")
            assert len(seen) == number + 1
            seen.add(watch.state())
    assert len(seen) == 101


def test_a_change_that_is_not_committed_does_not(
    database: Path, reading: sqlite3.Connection
) -> None:
    watch = CommitWatch(reading)
    before = watch.state()
    with closing(connect(database, durable=True)) as writing:
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("INSERT INTO things VALUES ('a')")
        assert watch.state() == before
        writing.execute("ROLLBACK")
    assert watch.state() == before


def test_a_commit_of_another_process_changes_it(
    database: Path, reading: sqlite3.Connection
) -> None:
    watch = CommitWatch(reading)
    before = watch.state()
    script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
    script += "c.execute(\"INSERT INTO things VALUES ('a')\")"
    subprocess.run([sys.executable, "-c", script, str(database)], check=True)
    assert watch.state() != before


def test_a_checkpoint_that_begins_the_log_anew_hides_no_commit(
    database: Path, reading: sqlite3.Connection
) -> None:
    watch = CommitWatch(reading)
    seen = {watch.state()}
    with closing(connect(database, durable=True)) as writing:
        for number in range(20):
            writing.execute("INSERT INTO things VALUES ('a')")
            writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            state = watch.state()
            assert state not in seen, number
            seen.add(state)


def test_it_holds_no_lock_and_lets_none_go(database: Path, reading: sqlite3.Connection) -> None:
    """A process that opened and closed the `-shm` file once cost all others their locks."""
    watch = CommitWatch(reading)
    with closing(connect(database, durable=True)) as writing:
        writing.execute("BEGIN IMMEDIATE")
        watch.state()
        script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0, "
        script += "isolation_level=None); c.execute('BEGIN IMMEDIATE')"
        other = subprocess.run([sys.executable, "-c", script, str(database)], capture_output=True)
        assert b"database is locked" in other.stderr
        writing.execute("ROLLBACK")


def test_of_a_broken_database_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"no database" * 100)
    with closing(sqlite3.connect(path)) as connection:
        assert CommitWatch(connection).state() is None


def test_without_a_connection_nothing_is_known() -> None:
    assert CommitWatch(None).state() is None
