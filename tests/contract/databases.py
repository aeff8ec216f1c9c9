"""The drivers of metadata and of upload sessions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from entrepot.drivers.sql.dated_tags import SqlDatedTags
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.eviction import SqlCachedImages
from entrepot.drivers.sql.jobs import SqlJobLedger
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.drivers.sql.pulls import SqlPullTimes
from entrepot.drivers.sql.quarantine import SqlQuarantine
from entrepot.drivers.sql.removal import SqlHiddenRepositories, SqlTagHistory
from entrepot.drivers.sql.sessions import SqlUploadSessions
from entrepot.ports.eviction import CachedImages
from entrepot.ports.jobs import JobLedger
from entrepot.ports.metadata import Metadata
from entrepot.ports.pulls import PullTimes
from entrepot.ports.quarantine import Quarantine
from entrepot.ports.removal import DEFAULT_HISTORY, DatedTags, HiddenRepositories, TagHistory
from entrepot.ports.uploads import UploadSessions
from tests.contract.engines import ENGINES, Engine


@dataclass(frozen=True)
class RemovalParts:
    """Other ports that live in the database of the metadata."""

    history: TagHistory
    hidden: HiddenRepositories
    pulls: PullTimes
    dated: DatedTags
    cached: CachedImages


class MetadataDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    groups: list[int]
    """How many changes each commit carried."""

    def open(self) -> Metadata:
        """Make another instance of the driver, as another process would."""
        ...

    def removal(self, history_kept: int = DEFAULT_HISTORY) -> tuple[Metadata, RemovalParts]:
        """Give an instance, always the same, with the ports that deleting and retaining need."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SessionsDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> UploadSessions:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class JobsDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> JobLedger:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class QuarantineDatabase(Protocol):
    """One database, any number of drivers that look at it."""

    def open(self) -> Quarantine:
        """Make another instance of the driver, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class SqliteMetadataDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._engine = engine
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._opened: list[SqlMetadata] = []
        self.groups: list[int] = []
        self._removals: dict[int, tuple[Metadata, RemovalParts]] = {}

    def open(self) -> Metadata:
        self._opened.append(
            SqlMetadata(
                self._engine(self._path, observe=lambda changes, _: self.groups.append(changes))
            )
        )
        return self._opened[-1]

    def removal(self, history_kept: int = DEFAULT_HISTORY) -> tuple[Metadata, RemovalParts]:
        if history_kept not in self._removals:
            metadata = SqlMetadata(self._engine(self._path), history_kept=history_kept)
            self._opened.append(metadata)
            parts = RemovalParts(
                SqlTagHistory(metadata.database),
                SqlHiddenRepositories(metadata.database),
                SqlPullTimes(metadata.database),
                SqlDatedTags(metadata.database),
                SqlCachedImages(metadata.database),
            )
            self._removals[history_kept] = metadata, parts
        return self._removals[history_kept]

    def close(self) -> None:
        for metadata in self._opened:
            metadata.close()


class SqliteSessionsDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._engine = engine
        self._path = folder / "sessions.db"
        migrate(self._path, "sessions", durable=False)
        self._opened: list[SqlUploadSessions] = []

    def open(self) -> UploadSessions:
        self._opened.append(SqlUploadSessions(self._engine(self._path, durable=False)))
        return self._opened[-1]

    def close(self) -> None:
        for sessions in self._opened:
            sessions.close()


class SqliteJobsDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._engine = engine
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._opened: list[SqlMetadata] = []

    def open(self) -> JobLedger:
        self._opened.append(SqlMetadata(self._engine(self._path)))
        return SqlJobLedger(self._opened[-1].database)

    def close(self) -> None:
        for metadata in self._opened:
            metadata.close()


class SqliteQuarantineDatabase:
    def __init__(self, folder: Path, engine: Engine = SqliteDatabase) -> None:
        self._engine = engine
        self._path = folder / "metadata.db"
        migrate(self._path, "metadata", durable=True)
        self._opened: list[SqlMetadata] = []

    def open(self) -> Quarantine:
        self._opened.append(SqlMetadata(self._engine(self._path)))
        return SqlQuarantine(self._opened[-1].database)

    def close(self) -> None:
        for metadata in self._opened:
            metadata.close()


METADATA: dict[str, Callable[[Path], MetadataDatabase]] = {
    name: partial(SqliteMetadataDatabase, engine=engine) for name, engine in ENGINES.items()
}
SESSIONS: dict[str, Callable[[Path], SessionsDatabase]] = {
    name: partial(SqliteSessionsDatabase, engine=engine) for name, engine in ENGINES.items()
}
QUARANTINES: dict[str, Callable[[Path], QuarantineDatabase]] = {
    name: partial(SqliteQuarantineDatabase, engine=engine) for name, engine in ENGINES.items()
}
JOBS: dict[str, Callable[[Path], JobsDatabase]] = {
    name: partial(SqliteJobsDatabase, engine=engine) for name, engine in ENGINES.items()
}
