import sqlite3

import pytest

from entrepot.drivers.sql.engines.sqlite.failures import is_busy, translate
from entrepot.errors import MetadataOutage, StorageFull


def made(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    "name",
    ["SQLITE_BUSY", "SQLITE_IOERR_WRITE", "SQLITE_CANTOPEN", "SQLITE_CORRUPT", "SQLITE_MISUSE"],
)
def test_clients_never_read_what_sqlite_says_and_the_log_does(name: str) -> None:
    error = made(name)
    outage = translate(error)
    assert isinstance(outage, MetadataOutage)
    assert "sqlite" not in outage.message.lower()
    assert outage.__cause__ is error


def test_a_database_without_room_is_a_full_storage() -> None:
    assert isinstance(translate(made("SQLITE_FULL")), StorageFull)


@pytest.mark.parametrize(("name", "busy"), [("SQLITE_BUSY_SNAPSHOT", True), ("SQLITE_FULL", False)])
def test_only_what_may_go_through_in_a_moment_is_busy(name: str, busy: bool) -> None:
    assert is_busy(made(name)) is busy
