"""What has happened, in the metadata's database."""

import json
import os
from itertools import takewhile

from entrepot.drivers.sql.database import Database, Session, change
from entrepot.ports.events import Event, Origin

_MOST_BYTES_OF_AN_AGENT = 256


class Recorder:
    """Records events of one change.

    Args:
        session: of the change's transaction.
        origin: whence the change was asked for.
        node: which machine of the registry makes it.
    """

    def __init__(self, session: Session, origin: Origin, node: str) -> None:
        self._session = session
        self._origin = origin
        self._node = node

    async def record(self, event: Event) -> None:
        """Write down what has happened, as a part of the change."""
        caller, origin = event.caller, self._origin
        await self._session.run(
            "record_event",
            id=event_id(event.at),
            at=event.at,
            kind=event.kind,
            caller_kind=caller.kind,
            caller=caller.name,
            address=origin.address,
            user_agent=origin.user_agent[:_MOST_BYTES_OF_AN_AGENT],
            request_id=origin.request_id,
            node=self._node,
            repository=event.repository,
            reference=event.reference,
            digest=event.digest,
            details=json.dumps(event.details, separators=(",", ":")),
        )


class SqlEventLog:
    """Implements `EventLog`.

    Args:
        database: has the events.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self, before: int, limit: int) -> int:
        """Remove events that are older than a moment, oldest first; tell how many."""
        rows = await self._database.rows("oldest_events", limit=limit)
        old = [number for number, _ in takewhile(lambda row: row[1] < before, rows)]
        return await change(self._database, "forget_events", last=old[-1]) if old else 0


def event_id(at: int) -> str:
    """Make an id that is unique and sorts by time: a UUID of version 7 (RFC 9562, section 5.7).

    Args:
        at: microseconds since 1970, UTC; those below a millisecond go into `rand_a`, as the RFC's
            method 3 has it (section 6.2).
    """
    milliseconds, rest = divmod(at, 1000)
    number = milliseconds << 80 | 0x7 << 76 | (rest * 4096 // 1000) << 64
    number |= 0x2 << 62 | int.from_bytes(os.urandom(8)) >> 2
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
