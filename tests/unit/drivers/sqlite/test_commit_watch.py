import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.drivers.sqlite.commit_watch import CommitWatch
from entrepot.drivers.sqlite.connection import connect


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "some.db"
    with closing(connect(path, durable=True)) as connection:
        connection.execute("CREATE TABLE things (name TEXT)")
        yield path


def test_nothing_changes_while_nothing_is_committed(database: Path) -> None:
    watch = CommitWatch.of(database)
    before = watch.state()
    with closing(connect(database, durable=True, read_only=True)) as reading:
        reading.execute("SELECT * FROM things").fetchall()
    assert before is not None
    assert watch.state() == before


@pytest.mark.parametrize("durable", [True, False])
def test_a_commit_changes_it(database: Path, durable: bool) -> None:
    watch = CommitWatch.of(database)
    seen = {watch.state()}
    with closing(connect(database, durable=durable)) as writing:
        for number in range(100):
            writing.execute("INSERT INTO things VALUES ('a')")
            assert len(seen) == number + 1
            seen.add(watch.state())
    assert len(seen) == 101


def test_a_change_that_is_not_committed_does_not(database: Path) -> None:
    watch = CommitWatch.of(database)
    before = watch.state()
    with closing(connect(database, durable=True)) as writing:
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("INSERT INTO things VALUES ('a')")
        assert watch.state() == before
        writing.execute("ROLLBACK")
    assert watch.state() == before


def test_a_commit_of_another_process_changes_it(database: Path) -> None:
    watch = CommitWatch.of(database)
    before = watch.state()
    script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
    script += "c.execute(\"INSERT INTO things VALUES ('a')\")"
    subprocess.run([sys.executable, "-c", script, str(database)], check=True)
    assert watch.state() != before


def test_a_checkpoint_that_begins_the_log_anew_hides_no_commit(database: Path) -> None:
    watch = CommitWatch.of(database)
    seen = {watch.state()}
    with closing(connect(database, durable=True)) as writing:
        for number in range(20):
            writing.execute("INSERT INTO things VALUES ('a')")
            writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            state = watch.state()
            assert state not in seen, number
            seen.add(state)


def test_without_a_write_ahead_log_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "plain.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE things (name TEXT)")
        assert CommitWatch.of(path).state() is None


def test_of_a_head_in_an_unknown_format_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "new.db-shm").write_bytes(b"\x01" * 32768)
    assert CommitWatch.of(tmp_path / "new.db").state() is None


def test_nothing_is_known_once_it_is_closed(database: Path) -> None:
    watch = CommitWatch.of(database)
    watch.close()
    assert watch.state() is None
