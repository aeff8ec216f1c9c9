"""A restore is right wherever it is killed, and can be undone for some days."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from entrepot.assembly import backup
from entrepot.assembly.accounts import open_administration
from entrepot.assembly.adoption import open_adoption
from entrepot.assembly.backend import Backend, snapshots
from entrepot.assembly.collection import stray_keeper
from entrepot.assembly.lost_database import check_database_is_there
from entrepot.config.settings import Settings
from entrepot.config.storage import (
    DatabaseSettings,
    FilesystemSettings,
    SqliteSettings,
    StorageSettings,
)
from entrepot.drivers.filesystem.ownership import nobody_beside
from entrepot.drivers.sql.engines.sqlite import restoring
from entrepot.drivers.sql.engines.sqlite.set_aside import free_name, newest_aside
from entrepot.errors import MetadataOutage, StorageOutage
from entrepot.oci.digest import Digest
from tests.model.place import Place
from tests.wire.harness.contents import Content

ONE, LATE = Content(b"one"), Content(b"late" * 100)
LATE_DIGEST = Digest(LATE.digest)
DAY = 86_400 * 1_000_000


class Killed(BaseException):
    """Raised where a restore is killed."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A registry with a snapshot that lacks its youngest blob, and whose only known one is gone."""
    filesystem = FilesystemSettings(rootdirectory=str(tmp_path))
    found = Settings(
        storage=StorageSettings(driver="filesystem", filesystem=filesystem),
        database=DatabaseSettings(sqlite=SqliteSettings(path=str(tmp_path / "metadata.db"))),
    )

    async def fill() -> None:
        place = Place(tmp_path)
        await place.push_blob("a", ONE)
        await backup.take(found)
        await place.push_blob("a", LATE)
        place.close()

    asyncio.run(fill())
    for path in tmp_path.glob("docker/**/data"):
        if path.read_bytes() == ONE.payload:
            path.unlink()
        else:
            os.utime(path, (0, 0))
    return found


def blobs(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        number: int = connection.execute("SELECT count(*) FROM blobs").fetchone()[0]
    return number


def quarantined(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT count(*) FROM blobs WHERE quarantined_at IS NOT NULL"
        number: int = connection.execute(query).fetchone()[0]
    return number


def database_of(settings: Settings) -> Path:
    assert settings.database_path is not None
    return Path(settings.database_path)


@contextmanager
def killing(patch: pytest.MonkeyPatch, module: object, name: str) -> Iterator[None]:
    def killed(*_: object, **__: object) -> None:
        raise Killed

    patch.setattr(module, name, killed)
    patch.setattr(snapshots, "discard", lambda _: None)  # who is killed tidies nothing up
    yield


@pytest.mark.parametrize("where", ["reconcile", "put_in_place"])
def test_killed_before_its_end_it_has_changed_no_database(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    database = database_of(settings)
    with monkeypatch.context() as patch, killing(patch, snapshots, where), pytest.raises(Killed):
        backup.restore(settings, None)
    assert newest_aside(database) is None
    assert (blobs(database), quarantined(database)) == (2, 0)
    assert database.with_name("metadata.db.restoring").exists()
    report = backup.restore(settings, None)
    assert (len(report.lost_blobs), report.unknown_files) == (1, 1)
    assert (blobs(database), quarantined(database)) == (1, 1)
    assert not list(database.parent.glob("*.restoring*"))


def test_killed_between_the_two_names_no_registry_begins_with_an_empty_database(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = database_of(settings)
    (snapshot,) = (tmp_path / "entrepot/backups").iterdir()
    elsewhere = snapshot.rename(tmp_path / "elsewhere.db")
    (tmp_path / "docker/registry/v2/repositories/a").mkdir(parents=True)
    at = "sync_directory"
    with monkeypatch.context() as patch, killing(patch, restoring, at), pytest.raises(Killed):
        backup.restore(settings, str(elsewhere))
    assert not database.exists()
    with pytest.raises(MetadataOutage, match="before-restore"):
        check_database_is_there(Backend(settings))
    backup.restore(settings, str(elsewhere))
    check_database_is_there(Backend(settings))
    assert quarantined(database) == 1


def test_the_copy_is_complete_without_a_log_when_it_gets_its_name(settings: Settings) -> None:
    database = database_of(settings)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE repositories SET name = 'in/the/log'")
        connection.commit()
        assert database.with_name("metadata.db-wal").stat().st_size
        copy = restoring.copy_beside(database, database)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT name FROM repositories").fetchone() == ("in/the/log",)
    restoring.discard(copy)


def test_what_was_put_aside_earlier_is_never_replaced(tmp_path: Path) -> None:
    database, now = tmp_path / "metadata.db", time.time_ns() // 1000
    first = free_name(database, now)
    first.with_name(f"{first.name}-wal").touch()
    second = free_name(database, now)
    second.touch()
    third = free_name(database, now)
    assert len({first, second, third}) == 3
    assert newest_aside(database) == (second, now // 1_000_000 * 1_000_000)


def test_files_that_only_the_database_put_aside_knows_stay_until_it_is_old_or_gone(
    settings: Settings,
) -> None:
    said: list[str] = []
    keep = stray_keeper(Backend(settings), said.append)
    assert not keep()
    report = backup.restore(settings, None)
    assert keep()
    assert report.aside in said[0]
    backup.restore(settings, report.aside)
    assert blobs(database_of(settings)) == 2
    for aside in database_of(settings).parent.glob("*.before-restore-*"):
        aside.unlink()
    assert not keep()
    free_name(database_of(settings), time.time_ns() // 1000 - 8 * DAY).touch()
    assert not keep()
    free_name(database_of(settings), time.time_ns() // 1000 - 6 * DAY).touch()
    assert keep()


def test_a_sweep_leaves_strays_where_it_is_told_to(tmp_path: Path) -> None:
    place = Place(tmp_path)
    path = Path(place.layout.path(place.layout.location(LATE_DIGEST)))
    path.parent.mkdir(parents=True)
    path.write_bytes(LATE.payload)
    place.clock.forward(10_000)
    asyncio.run(place.sweep(keep_strays=lambda: True))
    assert path.exists()
    asyncio.run(place.sweep())
    assert not path.exists()
    place.close()


OPENS: dict[str, Callable[[Settings], AbstractContextManager[object]]] = {
    "administration": open_administration,
    "everything": lambda settings: Backend(settings).beside(),
    "adoption": lambda settings: open_adoption(Backend(settings)),
}


@pytest.mark.parametrize("what", OPENS)
def test_commands_and_a_restore_exclude_each_other(settings: Settings, what: str) -> None:
    root = Path(settings.storage.filesystem.rootdirectory)
    (root / "docker/registry/v2/repositories").mkdir(exist_ok=True)
    busy = pytest.raises(StorageOutage, match="restored")
    with nobody_beside(root), busy, OPENS[what](settings):
        raise AssertionError("it works on a database that is being replaced")
    with OPENS[what](settings), pytest.raises(StorageOutage, match="a command is working"):
        backup.restore(settings, None)
