"""Translates what sqlite3 raises into Entrepot's errors, most specific first."""

import sqlite3

from entrepot.errors import DamagedDatabase, EntrepotError, MetadataOutage, StorageFull

BUSY = frozenset({"SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_RECOVERY", "SQLITE_LOCKED"})
_READ_ONLY = frozenset({"SQLITE_READONLY", "SQLITE_READONLY_DBMOVED", "SQLITE_READONLY_RECOVERY"})


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether the same call may go through in a moment."""
    return getattr(error, "sqlite_errorname", "") in BUSY


def translate(error: sqlite3.Error) -> EntrepotError:
    """Give Entrepot's error for one of sqlite3's, which becomes its cause.

    Messages are for clients, too: what SQLite says itself is left to the cause, and so to the log.
    """
    outage = _outage(getattr(error, "sqlite_errorname", type(error).__name__))
    outage.__cause__ = error
    return outage


def _outage(name: str) -> EntrepotError:
    if name == "SQLITE_FULL":
        return StorageFull("there is no room left for the database")
    if name in BUSY:
        return MetadataOutage("the database is locked by another program")
    if name in _READ_ONLY:
        return MetadataOutage("the database cannot be written")
    if name in {"SQLITE_CORRUPT", "SQLITE_NOTADB"}:
        return DamagedDatabase("the database file is damaged")
    if name.startswith("SQLITE_IOERR"):
        return MetadataOutage("the disk that the database lies on failed")
    if name.startswith("SQLITE_CANTOPEN"):
        return MetadataOutage("the database cannot be opened")
    return MetadataOutage("the database failed; the log of the registry says how")
