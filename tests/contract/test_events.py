"""What was recorded is there with its change, or not at all; old events are forgotten."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

from entrepot.drivers.sql.accounts import SqlAccounts
from entrepot.drivers.sql.database import Database
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.events import SqlEventLog, event_id
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.errors import UnknownManifest
from entrepot.ports.access import Caller, Kind
from entrepot.ports.accounts import AccessWriter, Accounts
from entrepot.ports.events import ORIGIN, Event, EventKind, EventLog, Origin
from entrepot.ports.metadata import Metadata, Transaction
from tests.contract.engines import ENGINES, Engine
from tests.contract.pushing import APP

pytestmark = pytest.mark.anyio

CAROL = Caller("carol", Kind.USER)
MOVED = Event(
    EventKind.TAG_MOVED, CAROL, 5_000_000, APP, "latest", "sha256:" + "b" * 64, {"before": "a"}
)


class EventsDatabase(Protocol):
    """One database with everything that records events."""

    metadata: Metadata
    accounts: Accounts
    log: EventLog

    def events(self) -> list[dict[str, Any]]:
        """Everything that was recorded, as it was recorded."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SqliteEventsDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._database: Database = engine(self._path)
        self.metadata: Metadata = SqlMetadata(self._database, node="here")
        self.accounts: Accounts = SqlAccounts(self._database, "here")
        self.log: EventLog = SqlEventLog(self._database)

    def events(self) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM events ORDER BY number")]

    def close(self) -> None:
        self._database.close()


EVENTS: dict[str, Callable[[Path], EventsDatabase]] = {
    name: partial(SqliteEventsDatabase, engine=engine) for name, engine in ENGINES.items()
}


@pytest.fixture(params=EVENTS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventsDatabase]:
    database = EVENTS[request.param](tmp_path)
    yield database
    database.close()


async def record(database: EventsDatabase, *events: Event) -> None:
    async def change(transaction: Transaction) -> None:
        for event in events:
            await transaction.record(event)

    await database.metadata.change(change)


async def test_an_event_says_who_and_what_and_where(database: EventsDatabase) -> None:
    token = ORIGIN.set(Origin("10.0.0.1", "request-1", "docker/27"))
    try:
        await record(database, MOVED)
    finally:
        ORIGIN.reset(token)
    (event,) = database.events()
    assert json.loads(event.pop("details")) == {"before": "a"}
    assert event.pop("id").startswith("00000000-1388-7")
    assert event.pop("number") > 0
    assert event == {
        "at": 5_000_000,
        "kind": "tag.moved",
        "caller_kind": "user",
        "caller": "carol",
        "address": "10.0.0.1",
        "user_agent": "docker/27",
        "request_id": "request-1",
        "node": "here",
        "repository": "team/app",
        "reference": "latest",
        "digest": "sha256:" + "b" * 64,
    }


async def test_the_origin_is_that_of_whoever_asked(database: EventsDatabase) -> None:
    """Changes of many are committed together, and run in one task."""

    async def ask(number: int) -> None:
        ORIGIN.set(Origin(request_id=str(number)))
        await record(database, Event(EventKind.TAG_CREATED, CAROL, 1, APP, str(number)))

    await asyncio.gather(*(asyncio.create_task(ask(number)) for number in range(20)))
    events = database.events()
    assert len(events) == 20
    assert all(event["request_id"] == event["reference"] for event in events)


async def test_of_a_change_that_fails_nothing_is_told(database: EventsDatabase) -> None:
    async def change(transaction: Transaction) -> None:
        await transaction.record(MOVED)
        raise UnknownManifest("after all not")

    with pytest.raises(UnknownManifest):
        await database.metadata.change(change)
    assert database.events() == []


async def test_changes_of_accounts_are_recorded_likewise(database: EventsDatabase) -> None:
    async def change(writer: AccessWriter) -> None:
        await writer.record(Event(EventKind.ACCOUNT_DELETED, CAROL, 7, reference="bob"))

    await database.accounts.change(change)
    (event,) = database.events()
    assert (event["kind"], event["reference"], event["node"]) == ("account.deleted", "bob", "here")


async def test_old_events_are_forgotten_oldest_first(database: EventsDatabase) -> None:
    await record(database, *(Event(EventKind.TAG_CREATED, CAROL, at) for at in range(10)))
    assert await database.log.forget(5, 3) == 3
    assert [event["at"] for event in database.events()] == [3, 4, 5, 6, 7, 8, 9]
    assert await database.log.forget(5, 3) == 2
    assert await database.log.forget(5, 3) == 0
    assert [event["at"] for event in database.events()] == [5, 6, 7, 8, 9]


async def test_a_number_is_never_given_twice(database: EventsDatabase) -> None:
    await record(database, MOVED, MOVED)
    _, newest = database.events()
    assert await database.log.forget(MOVED.at + 1, 9) == 1
    assert await database.log.forget(MOVED.at + 1, 9) == 0  # the newest stays
    await record(database, MOVED)
    kept, next_one = database.events()
    assert kept == newest
    assert next_one["number"] > newest["number"]


def test_ids_sort_by_time_and_are_version_7() -> None:
    moments = [1, 999, 1000, 1001, 2**50, 1_796_000_000_000_000, 1_796_000_000_000_001]
    ids = [event_id(at) for at in moments]
    assert ids == sorted(ids)
    for identity in ids:
        assert identity[14] == "7"
        assert identity[19] in "89ab"
    assert len({event_id(5) for _ in range(1000)}) == 1000
