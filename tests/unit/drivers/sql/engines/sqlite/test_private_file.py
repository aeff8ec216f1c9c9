"""What accounts are known by is read by the registry alone."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.engines.sqlite.private_file import make_private_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _generous_mask() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("family", ["metadata", "sessions"])
def test_a_new_database_is_its_owners_alone_with_all_its_files(tmp_path: Path, family: str) -> None:
    path = tmp_path / "folder" / "x.db"
    migrate(path, family, durable=True)
    with closing(connect(path, durable=True)) as connection:
        connection.execute("CREATE TABLE x (y)")
        found = {file.name: mode(file) for file in path.parent.iterdir()}
    assert found == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}


def test_strangers_lose_sight_of_a_database_of_before_and_its_group_does_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE x (y)")
        for file in tmp_path.iterdir():
            file.chmod(0o664)
        migrate(path, "metadata", durable=True)
        assert {mode(file) for file in tmp_path.iterdir()} == {0o660}


def test_an_open_database_keeps_its_locks_when_another_start_looks_at_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.db"
    migrate(path, "metadata", durable=True)
    with closing(connect(path, durable=True)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        make_private_file(path)
        other_process = os.fork()
        if not other_process:
            try:
                with closing(connect(path, durable=True)) as other:
                    other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os._exit(0)
            os._exit(1)
        assert os.waitpid(other_process, 0)[1] == 0


def test_what_root_makes_belongs_to_whom_the_folder_belongs_to(tmp_path: Path) -> None:
    # Only root gives files away; what others make is theirs anyway.
    owner = (1234, 2345) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    os.chown(tmp_path, *owner)
    path = tmp_path / "deep" / "er" / "x.db"
    migrate(path, "metadata", durable=True)
    made = [path, path.parent, path.parent.parent]
    assert {(file.stat().st_uid, file.stat().st_gid) for file in made} == {owner}
    with closing(connect(path, durable=True)) as connection:
        connection.execute("CREATE TABLE x (y)")
        owners = {file.stat().st_uid for file in path.parent.iterdir()}
    assert owners == {owner[0]}
