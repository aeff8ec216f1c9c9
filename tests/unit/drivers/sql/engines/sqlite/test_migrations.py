import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from entrepot.drivers.sql.engines.sqlite.migrations import (
    migrate,
    migration_files,
    split_statements,
)
from entrepot.errors import MetadataOutage, NewerDatabase

FAMILIES = ["metadata", "sessions"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_database_gets_every_migration_once(tmp_path: Path, family: str) -> None:
    path = tmp_path / "folder" / "x.db"
    names = [file.name for file in migration_files(family)]
    assert migrate(path, family, durable=True) == names
    assert migrate(path, family, durable=True) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_migrations_are_numbered_without_a_gap(family: str) -> None:
    numbers = [int(file.name.partition("_")[0]) for file in migration_files(family)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    migrate(path, "metadata", durable=True)
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO migrations VALUES (9001, '9001_future.sql', 0)")
    database.close()
    with pytest.raises(NewerDatabase, match=r"newer Entrepot.*start that newer version"):
        migrate(path, "metadata", durable=True)


def test_a_failed_migration_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.db"

    def broken(script: str) -> list[str]:
        return ["CREATE TABLE half (id INTEGER)", "CREATE nonsense"]

    monkeypatch.setattr("entrepot.drivers.sql.engines.sqlite.migrations.split_statements", broken)
    with pytest.raises(MetadataOutage):
        migrate(path, "metadata", durable=True)
    monkeypatch.undo()
    assert migrate(path, "metadata", durable=True)
    tables = sqlite3.connect(path).execute("SELECT name FROM sqlite_master").fetchall()
    assert ("half",) not in tables


def test_two_starts_at_once_apply_each_migration_once(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    context = multiprocessing.get_context("spawn")
    starts = [
        context.Process(target=migrate, args=(path, "metadata"), kwargs={"durable": True})
        for _ in range(3)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join(60)
        assert start.exitcode == 0


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(MetadataOutage, match="damaged"):
        migrate(path, "metadata", durable=True)


def test_statements_end_where_sqlite_ends_them() -> None:
    script = "CREATE TABLE a (b TEXT DEFAULT ';');\n-- a; comment\nCREATE TABLE c (d);\n"
    assert [statement.strip() for statement in split_statements(script)] == [
        "CREATE TABLE a (b TEXT DEFAULT ';');",
        "-- a; comment\nCREATE TABLE c (d);",
    ]
