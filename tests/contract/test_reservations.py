"""Reservations: uploads at once do not each take what is left."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.sessions import SqlReservations, SqlUploadSessions
from entrepot.oci.name import RepositoryName
from entrepot.ports.uploads import BOUNDLESS, BytesAround, Reservations
from tests.contract.engines import ENGINES, Engine

APP, OTHER = RepositoryName("team/app"), RepositoryName("team/other")
ALONE = RepositoryName("alone")
NOW, LATER = 1000, 2000
FREE = BytesAround(BOUNDLESS, BOUNDLESS, BOUNDLESS)


class ReservationsDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> Reservations:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SqliteReservationsDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._engine = engine
        self._path = folder / "sessions.db"
        migrate(self._path, "sessions", durable=False)
        self._opened: list[SqlUploadSessions] = []

    def open(self) -> Reservations:
        self._opened.append(SqlUploadSessions(self._engine(self._path, durable=False)))
        return SqlReservations(self._opened[-1].database)

    def close(self) -> None:
        for sessions in self._opened:
            sessions.close()


RESERVATIONS: dict[str, Callable[[Path], ReservationsDatabase]] = {
    name: partial(SqliteReservationsDatabase, engine=engine) for name, engine in ENGINES.items()
}


@pytest.fixture(params=RESERVATIONS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReservationsDatabase]:
    database = RESERVATIONS[request.param](tmp_path)
    yield database
    database.close()


def reserve(
    reservations: Reservations,
    upload_id: str,
    size: int,
    room: BytesAround,
    name: RepositoryName = APP,
) -> bool:
    return asyncio.run(reservations.reserve(upload_id, name, size, room, NOW, LATER))


def reserved(reservations: Reservations, name: RepositoryName, at: int = NOW) -> BytesAround:
    return asyncio.run(reservations.reserved(name, at))


def test_what_is_taken_counts_for_repository_namespace_and_registry(
    database: ReservationsDatabase,
) -> None:
    one, two = database.open(), database.open()
    assert reserve(one, "a", 1, FREE)
    assert reserve(two, "b", 20, FREE, OTHER)
    assert reserve(one, "c", 300, FREE, ALONE)
    assert reserved(two, APP) == BytesAround(1, 21, 321)
    assert asyncio.run(one.reserved(APP, NOW, but="a")) == BytesAround(0, 20, 320)


@pytest.mark.parametrize(
    "room",
    [
        BytesAround(99, BOUNDLESS, BOUNDLESS),
        BytesAround(BOUNDLESS, 99, BOUNDLESS),
        BytesAround(BOUNDLESS, BOUNDLESS, 99),
    ],
)
def test_the_last_bytes_are_taken_once(database: ReservationsDatabase, room: BytesAround) -> None:
    one, two = database.open(), database.open()
    assert reserve(one, "a", 60, room)
    assert not reserve(two, "b", 40, room)
    assert reserved(one, APP) == BytesAround(60, 60, 60)
    assert reserve(two, "b", 39, room)


def test_an_upload_replaces_what_it_had_taken(database: ReservationsDatabase) -> None:
    reservations, room = database.open(), BytesAround(100, 100, 100)
    assert reserve(reservations, "a", 60, room)
    assert reserve(reservations, "a", 100, room)
    assert not reserve(reservations, "a", 101, room)
    assert reserved(reservations, APP) == BytesAround(100, 100, 100)


def test_there_is_no_room_where_more_is_used_than_allowed(database: ReservationsDatabase) -> None:
    assert not reserve(database.open(), "a", 1, BytesAround(-5, BOUNDLESS, BOUNDLESS))


def test_what_is_given_back_or_has_ended_counts_no_longer(database: ReservationsDatabase) -> None:
    reservations = database.open()
    assert reserve(reservations, "a", 60, FREE)
    assert reserve(reservations, "b", 7, FREE)
    asyncio.run(reservations.release("a"))
    assert reserved(reservations, APP) == BytesAround(7, 7, 7)
    assert reserved(reservations, APP, at=LATER) == BytesAround()
    asyncio.run(reservations.forget_ended(LATER))
    assert reserved(reservations, APP) == BytesAround()


def test_giving_back_what_was_never_taken_does_nothing(database: ReservationsDatabase) -> None:
    asyncio.run(database.open().release("nobody"))
